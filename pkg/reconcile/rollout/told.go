// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// told remembers when statuses were written.
type told struct {
	mu sync.Mutex
	at map[types.NamespacedName]time.Time
}

func newTold() *told { return &told{at: map[types.NamespacedName]time.Time{}} }

func (t *told) wrote(key types.NamespacedName, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at[key] = at
}

func (t *told) written(key types.NamespacedName) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at[key]
}

func (t *told) forget(key types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.at, key)
}

// tell emits Events: one a reason, for what is told of one version of an object with the same reason counts as
// repeated, and only the first message is kept.
func (r *Reconciler) tell(object *v1alpha1.Rollout, happened []rollout.Event) {
	for _, event := range happened {
		r.Metrics.events.WithLabelValues(object.Namespace, object.Name, levelOf(event), event.Reason).Inc()
	}
	for _, event := range rollout.Summed(happened) {
		r.Events.Eventf(object, nil, levelOf(event), event.Reason, "Reconcile", "%s", event.Message)
	}
}

func levelOf(event rollout.Event) string {
	if event.Warning {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}
