// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

const kind = "Rollout"

// OwnerIndexers are those that Options.Runs, Options.Experiments and the ReplicaSets of a site need.
func OwnerIndexers() cache.Indexers { return written.OwnerIndexers(kind) }

// fresh holds our own kinds.
type fresh struct {
	rollouts, runs, experiments cache.MutationCache
}

// rollout returns the Rollout of a key, nil where there is none.
func (f fresh) rollout(key types.NamespacedName) (*v1alpha1.Rollout, error) {
	rollout, _, err := written.Get[*v1alpha1.Rollout](f.rollouts, key.String())
	return rollout, err
}

// setsOf returns the ReplicaSets of a Rollout, the oldest first.
func (s *site) setsOf(rollout *v1alpha1.Rollout) ([]*appsv1.ReplicaSet, error) {
	sets, err := written.Owned[*appsv1.ReplicaSet](s.sets, kind, rollout)
	slices.SortFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return sets, err
}

// setsOf returns the ReplicaSets of a Rollout, or what stands for them where its workload replaces its own pods.
func (p *pass) setsOf(object *v1alpha1.Rollout) ([]*appsv1.ReplicaSet, error) {
	if rollout.ReplacesInPlace(object) {
		return p.revisions, nil
	}
	return p.site.setsOf(object)
}

// runsOf returns the AnalysisRuns of a Rollout by name.
func (f fresh) runsOf(rollout *v1alpha1.Rollout) (map[string]*v1alpha1.AnalysisRun, error) {
	list, err := written.Owned[*v1alpha1.AnalysisRun](f.runs, kind, rollout)
	runs := make(map[string]*v1alpha1.AnalysisRun, len(list))
	for _, run := range list {
		runs[run.Name] = run
	}
	return runs, err
}
