// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Digest names a pod template by what its author wrote. The order of fields, the form of numbers, and fields that are
// null make no difference: clients of different versions write them differently.
func Digest(template v1alpha1.PodTemplateSpec) (string, error) {
	var value any
	if err := utiljson.Unmarshal(template.Raw, &value); err != nil {
		return "", fmt.Errorf("read the pod template: %w", err)
	}
	raw, err := json.Marshal(withoutNulls(value))
	if err != nil {
		return "", fmt.Errorf("write the pod template: %w", err)
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// withoutNulls returns a value without the fields that are null.
func withoutNulls(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(typed))
		for key, field := range typed {
			if field != nil {
				kept[key] = withoutNulls(field)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(typed))
		for i, item := range typed {
			kept[i] = withoutNulls(item)
		}
		return kept
	default:
		return value
	}
}

// Hash returns the pod template hash for a digest: a short name. Each collision with another template gives another
// one.
func Hash(digest string, collisions *int32) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(digest)) // A hash takes everything.
	if collisions != nil {
		_, _ = sum.Write([]byte(strconv.Itoa(int(*collisions))))
	}
	return rand.SafeEncodeString(strconv.FormatUint(uint64(sum.Sum32()), 10))
}

// FindDigest returns the set that was made from the template of a digest, nil where there is none. Of several it is the
// one that the status tells of, else the oldest.
func FindDigest(sets []*appsv1.ReplicaSet, digest, current string) *appsv1.ReplicaSet {
	return pick(sets, current, func(set *appsv1.ReplicaSet) bool {
		return set.Annotations[v1alpha1.AnnotationTemplateDigest] == digest
	})
}

// FindTemplate returns the set whose pods are those of a template to which the cluster has added its defaults, nil
// where there is none: so a template that is written differently is still the same, and so are sets that the peer made.
func FindTemplate(sets []*appsv1.ReplicaSet, defaulted *corev1.PodTemplateSpec, current string) *appsv1.ReplicaSet {
	wanted := bare(defaulted, v1alpha1.PodTemplateMetadata{})
	return pick(sets, current, func(set *appsv1.ReplicaSet) bool {
		return apiequality.Semantic.DeepEqual(wanted, bare(&set.Spec.Template, EphemeralOf(set)))
	})
}

func pick(sets []*appsv1.ReplicaSet, current string, is func(*appsv1.ReplicaSet) bool) *appsv1.ReplicaSet {
	var found *appsv1.ReplicaSet
	for _, set := range sets {
		if !is(set) {
			continue
		}
		if HashOf(set) == current {
			return set
		}
		if found == nil {
			found = set
		}
	}
	return found
}

// bare is a template without what a Rollout added to it.
func bare(template *corev1.PodTemplateSpec, ephemeral v1alpha1.PodTemplateMetadata) *corev1.PodTemplateSpec {
	plain := template.DeepCopy()
	delete(plain.Labels, v1alpha1.LabelPodTemplateHash)
	for key := range ephemeral.Labels {
		delete(plain.Labels, key)
	}
	for key := range ephemeral.Annotations {
		delete(plain.Annotations, key)
	}
	plain.Spec.Affinity = withoutRevisions(plain.Spec.Affinity)
	return plain
}

// withoutRevisions is an affinity without the terms that keep revisions apart; nil where nothing is left.
func withoutRevisions(affinity *corev1.Affinity) *corev1.Affinity {
	if affinity == nil {
		return nil
	}
	if anti := affinity.PodAntiAffinity; anti != nil {
		anti.RequiredDuringSchedulingIgnoredDuringExecution = slices.DeleteFunc(
			anti.RequiredDuringSchedulingIgnoredDuringExecution, ofRevision)
		anti.PreferredDuringSchedulingIgnoredDuringExecution = slices.DeleteFunc(
			anti.PreferredDuringSchedulingIgnoredDuringExecution,
			func(term corev1.WeightedPodAffinityTerm) bool { return ofRevision(term.PodAffinityTerm) })
		if len(anti.RequiredDuringSchedulingIgnoredDuringExecution) == 0 &&
			len(anti.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
			affinity.PodAntiAffinity = nil
		}
	}
	if *affinity == (corev1.Affinity{}) {
		return nil
	}
	return affinity
}

// ofRevision says that a term keeps pods away from those of a revision.
func ofRevision(term corev1.PodAffinityTerm) bool {
	if term.LabelSelector == nil {
		return false
	}
	for _, requirement := range term.LabelSelector.MatchExpressions {
		if requirement.Key == v1alpha1.LabelPodTemplateHash {
			return true
		}
	}
	return false
}
