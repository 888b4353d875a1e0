// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotionpolicy

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// waiting has the audit log tell of changes that weaken a policy. They are stored, and wait there.
type waiting struct{ gate Gate }

// Judge refuses nothing.
func (w waiting) Judge(ctx context.Context, before, after runtime.Object) error {
	if weakens(registry.As[*v1alpha1.PromotionPolicy](before), registry.As[*v1alpha1.PromotionPolicy](after)) {
		w.gate.Tell(ctx, v1alpha1.Resource("promotionpolicies"),
			gate.Verdict{Decision: gate.Hold, Reason: gate.ReasonWeakens})
	}
	return nil
}

// weakens reports a write that begins to wait; after is nil where a policy is deleted, which waits where it gates
// something.
func weakens(before, after *v1alpha1.PromotionPolicy) bool {
	if after == nil {
		return len(gate.Effective(before).Selectors) > 0
	}
	now := after.Status.Waiting
	return now != nil && (before == nil || before.Status.Waiting == nil || before.Status.Waiting.Digest != now.Digest)
}
