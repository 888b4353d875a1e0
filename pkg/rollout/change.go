// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// change lists the sets that are not as they were decided: the stable one first, lest the new one take its place.
func (p *pass) change() {
	for _, set := range p.inOrder() {
		change := SetChange{Set: set, Replicas: p.sizes[set], Deadline: p.deadlines[set], Metadata: p.role(set)}
		if !change.differs() {
			continue
		}
		p.Changes = append(p.Changes, change)
		if from := or(set.Spec.Replicas, 1); set.UID != "" && from != change.Replicas {
			direction := "down"
			if change.Replicas > from {
				direction = "up"
			}
			p.did(reasonScaling, "Scaled %s ReplicaSet %s (revision %d) from %d to %d",
				direction, set.Name, RevisionOf(set), from, change.Replicas)
		}
	}
}

// inOrder are the stable, the new, and the older sets.
func (p *pass) inOrder() []*appsv1.ReplicaSet {
	var sets []*appsv1.ReplicaSet
	if p.distinctStable() != nil {
		sets = append(sets, p.stable)
	}
	if p.New != nil {
		sets = append(sets, p.New)
	}
	return append(sets, p.older...)
}

// differs says that the set is not as it should be; one that was not made yet is not.
func (c SetChange) differs() bool {
	deadline := ""
	if !c.Deadline.IsZero() {
		deadline = c.Deadline.UTC().Format(time.RFC3339)
	}
	return c.Set.UID == "" || or(c.Set.Spec.Replicas, 1) != c.Replicas ||
		c.Set.Annotations[v1alpha1.AnnotationScaleDownDeadline] != deadline || !sameMetadata(EphemeralOf(c.Set), c.Metadata)
}

// EphemeralOf returns the metadata that a set's pods carry for their present role.
func EphemeralOf(set *appsv1.ReplicaSet) v1alpha1.PodTemplateMetadata {
	var metadata v1alpha1.PodTemplateMetadata
	raw, given := set.Annotations[v1alpha1.AnnotationEphemeralMetadata]
	if !given || json.Unmarshal([]byte(raw), &metadata) != nil {
		// What nobody can read was not put there by a Rollout: the next role replaces it.
		return v1alpha1.PodTemplateMetadata{}
	}
	return metadata
}

func sameMetadata(a, b v1alpha1.PodTemplateMetadata) bool {
	return maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations)
}

// role is what the pods of a set carry for their role. Older sets keep what they have: their pods are to go.
func (p *pass) role(set *appsv1.ReplicaSet) v1alpha1.PodTemplateMetadata {
	canary, stable := p.roles()
	var metadata *v1alpha1.PodTemplateMetadata
	switch {
	case set == p.stable || p.Status.StableRS == "":
		metadata = stable
	case set == p.New:
		metadata = canary
	default:
		return EphemeralOf(set)
	}
	return or(metadata, v1alpha1.PodTemplateMetadata{})
}

// roles are the metadata of new and of stable pods.
func (p *pass) roles() (canary, stable *v1alpha1.PodTemplateMetadata) {
	if blueGreen := p.Rollout.Spec.BlueGreen(); blueGreen != nil {
		return blueGreen.PreviewMetadata, blueGreen.ActiveMetadata
	}
	return p.Rollout.Spec.Canary().CanaryMetadata, p.Rollout.Spec.Canary().StableMetadata
}
