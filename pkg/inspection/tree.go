// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// Tree answers applications/tree.
func (i *Inspector) Tree(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.ApplicationTree, error) {
	target, owner, err := i.Places.Place(app)
	if err != nil {
		return nil, plain(err)
	}
	input := i.inputOf(app, i.Rules)
	if owner.Spec.OrphanedResources != nil {
		input.OrphansIn = app.Spec.Destination.Namespace
		input.Orphan = func(key manifest.Key) bool { return project.Orphaned(owner, key) }
	}
	read, err := tree.Read(ctx, i.reader(app, target), input)
	if err != nil {
		return nil, plain(err)
	}
	return &v1alpha1.ApplicationTree{
		Nodes: nodesOf(read.Nodes), OrphanedNodes: nodesOf(read.Orphaned), Unread: gapsOf(read.Unread),
	}, nil
}

// inputOf begins at the object record.
func (i *Inspector) inputOf(app *v1alpha1.Application, rules cluster.HealthRules) tree.Input {
	input := tree.Input{Instance: i.Places.Instance(app), Rules: rules}
	for _, entry := range app.Status.Resources {
		root := tree.Root{
			Key:     manifest.Key{Group: entry.Group, Kind: entry.Kind, Namespace: entry.Namespace, Name: entry.Name},
			Version: entry.Version,
		}
		if entry.Health != nil {
			root.Health = &health.Health{Status: health.Status(entry.Health.Status), Message: entry.Health.Message}
		}
		input.Roots = append(input.Roots, root)
	}
	return input
}

func nodesOf(nodes []tree.Node) []v1alpha1.ResourceNode {
	answer := make([]v1alpha1.ResourceNode, 0, len(nodes))
	for _, node := range nodes {
		entry := v1alpha1.ResourceNode{
			ResourceRef: refOf(node.Key, node.Version, string(node.UID)), Managed: node.Managed,
			Health: healthOf(node.Health), Images: node.Images, CreatedAt: timeOf(node.Created),
		}
		for _, parent := range node.Parents {
			entry.ParentRefs = append(entry.ParentRefs, refOf(parent.Key, "", string(parent.UID)))
		}
		answer = append(answer, entry)
	}
	return answer
}

func refOf(key manifest.Key, version, uid string) v1alpha1.ResourceRef {
	return v1alpha1.ResourceRef{
		Group: key.Group, Version: version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name, UID: uid,
	}
}

func healthOf(rated *health.Health) *v1alpha1.HealthStatus {
	if rated == nil {
		return nil
	}
	return &v1alpha1.HealthStatus{Status: v1alpha1.HealthStatusCode(rated.Status), Message: rated.Message}
}

func timeOf(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return &metav1.Time{Time: at}
}

func gapsOf(gaps []tree.Gap) []v1alpha1.UnreadResources {
	var answer []v1alpha1.UnreadResources
	for _, gap := range gaps {
		answer = append(answer, v1alpha1.UnreadResources{
			Group: gap.Group, Kind: gap.Kind, Namespace: gap.Namespace, Message: gap.Message,
		})
	}
	return answer
}
