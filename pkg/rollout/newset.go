// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

// notifiedPrefix begins the names of annotations that record notifications.
const notifiedPrefix = "notified.notifications.argoproj.io"

// NewSet returns the ReplicaSet of a Rollout's template, without pods and not made yet. It fails if the template cannot
// be read.
func NewSet(rollout *v1alpha1.Rollout, sets []*appsv1.ReplicaSet, digest, hash string) (*appsv1.ReplicaSet, error) {
	template, err := rollout.Spec.Template.Decode()
	if err != nil {
		return nil, err
	}
	template.Labels = with(template.Labels, v1alpha1.LabelPodTemplateHash, hash)
	selector := rollout.Spec.Selector.DeepCopy()
	if selector == nil {
		selector = &metav1.LabelSelector{}
	}
	selector.MatchLabels = with(selector.MatchLabels, v1alpha1.LabelPodTemplateHash, hash)
	annotations := copied(rollout.Annotations)
	annotations[v1alpha1.AnnotationRevision] = nextRevision(sets)
	annotations[v1alpha1.AnnotationTemplateDigest] = digest
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name:        rollout.Name + "-" + hash,
			Namespace:   rollout.Namespace,
			Labels:      maps.Clone(template.Labels),
			Annotations: annotations,
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas:        new(int32(0)),
			MinReadySeconds: or(rollout.Spec.MinReadySeconds, 0),
			Selector:        selector,
			Template:        *apart(rollout, template),
		},
	}
	owner.Rollout(rollout).Own(set)
	return set, nil
}

// nextRevision is the number after the last revision's.
func nextRevision(sets []*appsv1.ReplicaSet) string {
	var last int64
	for _, set := range sets {
		last = max(last, RevisionOf(set))
	}
	return strconv.FormatInt(last+1, 10)
}

// Renumbered returns the annotations of a set that becomes the newest revision again, nil where it is the newest.
func Renumbered(sets []*appsv1.ReplicaSet, set *appsv1.ReplicaSet) map[string]string {
	number := RevisionOf(set)
	for _, other := range sets {
		if other != set && RevisionOf(other) >= number {
			history := set.Annotations[v1alpha1.AnnotationRevisionHistory]
			if history != "" {
				history += ","
			}
			return map[string]string{
				v1alpha1.AnnotationRevision:        nextRevision(sets),
				v1alpha1.AnnotationRevisionHistory: fmt.Sprintf("%s%d", history, number),
			}
		}
	}
	return nil
}

// copied are the annotations of a Rollout that its ReplicaSets carry too.
func copied(annotations map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range annotations {
		switch key {
		case corev1.LastAppliedConfigAnnotation, v1alpha1.AnnotationRevision, v1alpha1.AnnotationRevisionHistory,
			v1alpha1.AnnotationDesiredReplicas, v1alpha1.AnnotationCluster:
			continue
		}
		if !strings.HasPrefix(key, notifiedPrefix) {
			kept[key] = value
		}
	}
	return kept
}

// apart adds the anti-affinity that keeps new pods away from those of the stable revision.
func apart(rollout *v1alpha1.Rollout, template *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	rule, stable := antiAffinity(rollout), rollout.Status.StableRS
	if rule == nil || stable == "" {
		return template
	}
	if template.Spec.Affinity == nil {
		template.Spec.Affinity = &corev1.Affinity{}
	}
	if template.Spec.Affinity.PodAntiAffinity == nil {
		template.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
	}
	anti := template.Spec.Affinity.PodAntiAffinity
	term := corev1.PodAffinityTerm{
		LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: v1alpha1.LabelPodTemplateHash, Operator: metav1.LabelSelectorOpIn, Values: []string{stable},
		}}},
		Namespaces:  []string{rollout.Namespace},
		TopologyKey: corev1.LabelHostname,
	}
	if rule.Required != nil {
		anti.RequiredDuringSchedulingIgnoredDuringExecution = append(
			anti.RequiredDuringSchedulingIgnoredDuringExecution, term)
		return template
	}
	anti.PreferredDuringSchedulingIgnoredDuringExecution = append(anti.PreferredDuringSchedulingIgnoredDuringExecution,
		corev1.WeightedPodAffinityTerm{Weight: or(rule.Preferred.Weight, 1), PodAffinityTerm: term})
	return template
}

// antiAffinity is the rule that keeps revisions apart, nil where there is none.
func antiAffinity(rollout *v1alpha1.Rollout) *v1alpha1.AntiAffinity {
	var rule *v1alpha1.AntiAffinity
	if canary := rollout.Spec.Canary(); canary != nil {
		rule = canary.AntiAffinity
	}
	if blueGreen := rollout.Spec.BlueGreen(); blueGreen != nil {
		rule = blueGreen.AntiAffinity
	}
	if rule == nil || rule.Required == nil && rule.Preferred == nil {
		return nil
	}
	return rule
}

// with returns values with one more.
func with(values map[string]string, key, value string) map[string]string {
	added := maps.Clone(values)
	if added == nil {
		added = map[string]string{}
	}
	added[key] = value
	return added
}
