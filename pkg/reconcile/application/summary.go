// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"bytes"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// summaryOf collects what people look for first: the images that run, and the addresses
// that ingresses serve.
func summaryOf(manifests []manifest.Manifest) v1alpha1.ApplicationSummary {
	var summary v1alpha1.ApplicationSummary
	for _, m := range manifests {
		object, err := m.Object()
		if err != nil {
			continue
		}
		summary.Images = append(summary.Images, images(object.Object)...)
		if m.Kind == "Ingress" {
			summary.ExternalURLs = append(summary.ExternalURLs, addresses(object)...)
		}
		if m.Group == v1alpha1.GroupName && m.Kind == "Application" {
			summary.IsAppOfApps = true
		}
	}
	slices.Sort(summary.Images)
	summary.Images = slices.Compact(summary.Images)
	slices.Sort(summary.ExternalURLs)
	summary.ExternalURLs = slices.Compact(summary.ExternalURLs)
	return summary
}

// imagesOf are the images that a manifest runs.
func imagesOf(m manifest.Manifest) []string {
	if len(m.JSON) == 0 || !bytes.Contains(m.JSON, []byte(`"image"`)) {
		return nil
	}
	object, err := m.Object()
	if err != nil {
		return nil
	}
	return images(object.Object)
}

// images finds the containers of a pod template wherever the kind keeps it.
func images(object map[string]any) []string {
	var found []string
	for _, path := range [][]string{
		{"spec"}, {"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"},
	} {
		for _, list := range []string{"containers", "initContainers"} {
			containers, _, err := unstructured.NestedSlice(object, append(slices.Clone(path), list)...)
			if err != nil {
				continue
			}
			for _, container := range containers {
				fields, _ := container.(map[string]any)
				if image, ok := fields["image"].(string); ok && image != "" {
					found = append(found, image)
				}
			}
		}
	}
	return found
}

func addresses(ingress *unstructured.Unstructured) []string {
	_, secure, _ := unstructured.NestedSlice(ingress.Object, "spec", "tls")
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	rules, _, err := unstructured.NestedSlice(ingress.Object, "spec", "rules")
	if err != nil {
		return nil
	}
	var found []string
	for _, rule := range rules {
		fields, _ := rule.(map[string]any)
		if host, ok := fields["host"].(string); ok && host != "" {
			found = append(found, scheme+host+"/")
		}
	}
	return found
}

// warnings are the conditions that a plan shows, and that stop nothing.
func warnings(p plan.Plan, wanted *desired) []v1alpha1.ApplicationCondition {
	var conditions []v1alpha1.ApplicationCondition
	for _, change := range p.Changes {
		if change.Reason == plan.Shared {
			conditions = append(conditions, v1alpha1.ApplicationCondition{
				Type: v1alpha1.ApplicationConditionSharedResourceWarning,
				Message: change.Kind + "/" + change.Name + " is part of applications " + change.Owner +
					" and this one; it is left to the first",
			})
		}
	}
	for _, key := range wanted.repeated {
		conditions = append(conditions, v1alpha1.ApplicationCondition{
			Type:    v1alpha1.ApplicationConditionRepeatedResourceWarning,
			Message: "Resource " + key.String() + " appeared more than once among application resources; the last one counts",
		})
	}
	if wanted.unstable != "" {
		conditions = append(conditions, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ApplicationConditionUnstableRenderWarning,
			Message: wanted.unstable + "; the first result is kept while files and options stay as they are: " +
				"give these values in the options, or in a Secret that the chart refers to",
		})
	}
	return conditions
}
