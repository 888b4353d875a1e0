// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// finish notes how an update ended.
func (p *pass) finish(how v1alpha1.RolloutCompletionStatus) {
	if p.Status.Duration == nil || p.Status.Duration.RolloutStartedAt == nil {
		return
	}
	p.Status.Duration = p.Status.Duration.DeepCopy()
	p.Status.Duration.FinishedAt, p.Status.Duration.CompletionStatus = new(metav1.NewTime(p.Now)), how
}
