// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Asked names what the Rollout asks an AnalysisRun for: the value of AnnotationAsked.
func (r Run) Asked() string { return nameOf(r.Analysis) }

// Asked names what the Rollout asks an Experiment for: the value of AnnotationAsked.
func (t Trial) Asked() string { return nameOf(t.Step) }

// asked says that an AnalysisRun or an Experiment was begun for what the Rollout asks for now. One of an earlier
// version of its step has the same name, and must not be taken for that of the present one.
func asked(object metav1.Object, wanted string) bool {
	return object.GetAnnotations()[v1alpha1.AnnotationAsked] == wanted
}

// nameOf names what a part of a specification says. It is plain data, which always has a JSON form.
func nameOf(part any) string {
	raw, err := json.Marshal(part)
	if err != nil {
		return fmt.Sprintf("what cannot be named: %v", err)
	}
	sum := fnv.New32a()
	_, _ = sum.Write(raw) // A hash takes everything.
	return rand.SafeEncodeString(strconv.FormatUint(uint64(sum.Sum32()), 10))
}
