// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// reader reads the destination of an Application, and what the hub keeps for it.
func (i *Inspector) reader(app *v1alpha1.Application, target *cluster.Cluster) tree.Reader {
	hub := i.Places.Keeper(target)
	if hub == nil {
		return target
	}
	kept := tree.Kept{Reader: target, Hub: hub, Cluster: target.Name()}
	for _, entry := range app.Status.Resources {
		key := manifest.Key{Group: entry.Group, Kind: entry.Kind, Namespace: entry.Namespace, Name: entry.Name}
		if plan.Keepable(key.GroupKind()) && strings.HasSuffix(key.Name, "."+kept.Cluster) {
			kept.Keys = append(kept.Keys, key)
		}
	}
	if len(kept.Keys) == 0 {
		return target
	}
	return kept
}
