// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AnnotationUndone holds, as JSON of an Undone, that a Rollout has the pod template to which somebody went back by
// rollouts/undo. Our API server alone writes it, and takes it off when the template changes.
const AnnotationUndone = "capstan.dev/undone"

// Undone says who went back to an earlier revision of a Rollout.
type Undone struct {
	// By is the name of the user who asked for it.
	By string `json:"by"`
	// Revision is the one whose pod template came back.
	Revision int64 `json:"revision"`
	// At is when that was.
	At metav1.Time `json:"at"`
}

// String writes it as the value of AnnotationUndone.
func (u Undone) String() string {
	text, err := json.Marshal(u)
	if err != nil {
		return ""
	}
	return string(text)
}

// ParseUndone reads the value of AnnotationUndone.
func ParseUndone(text string) (Undone, bool) {
	var undone Undone
	return undone, text != "" && json.Unmarshal([]byte(text), &undone) == nil
}
