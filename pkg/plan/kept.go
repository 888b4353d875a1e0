// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Keepable reports whether the hub can keep objects of a kind for a cluster that does not serve it: what the controller
// of Rollouts needs to run their pods there.
func Keepable(kind schema.GroupKind) bool {
	return kind == schema.GroupKind{Group: live.RolloutGroup, Kind: "Rollout"} ||
		kind == schema.GroupKind{Group: live.RolloutGroup, Kind: "AnalysisTemplate"}
}

// KeptName is the name under which the hub keeps an object for a cluster, in the namespace that it has there.
func KeptName(name, cluster string) string { return name + "." + cluster }

// keeping is the objects that the hub keeps for a cluster.
type keeping struct {
	cluster string
	// templates are the AnalysisTemplates among them, by namespace and name as Git has them, with the names that they
	// are kept under.
	templates map[string]string
}

// keepingOf looks for the AnalysisTemplates among manifests. Those of a Plan are named and marked already.
func keepingOf(manifests []manifest.Manifest, destination Destination) (*keeping, error) {
	if destination.Cluster == "" {
		return nil, nil
	}
	k := &keeping{cluster: destination.Cluster, templates: map[string]string{}}
	for _, m := range manifests {
		if m.Kind != "AnalysisTemplate" || !Keepable(m.GroupKind()) {
			continue
		}
		object, err := m.Object()
		if err != nil {
			return nil, err
		}
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = destination.Namespace
		}
		name := m.Name
		if !k.marked(object) {
			name = KeptName(name, k.cluster)
		}
		k.templates[namespace+"/"+m.Name] = name
	}
	return k, nil
}

// keeps reports whether an object can be kept.
func (k *keeping) keeps(object *unstructured.Unstructured) bool {
	return k != nil && Keepable(object.GroupVersionKind().GroupKind())
}

// marked reports an object that has the name and the mark of one that is kept.
func (k *keeping) marked(object *unstructured.Unstructured) bool {
	return object.GetAnnotations()[v1alpha1.AnnotationCluster] == k.cluster &&
		strings.HasSuffix(object.GetName(), "."+k.cluster)
}

// keep gives an object the name and the mark of one that is kept, and names the AnalysisTemplates that it refers to as
// they are kept. It returns what of the hub's own the object makes use of, "" for nothing.
func (k *keeping) keep(object *unstructured.Unstructured) (borrows string, err error) {
	annotations := object.GetAnnotations()
	if said := annotations[v1alpha1.AnnotationCluster]; said != "" && !k.marked(object) {
		return "", fmt.Errorf("metadata.annotations: remove %s, the server sets it for cluster %s",
			v1alpha1.AnnotationCluster, k.cluster)
	}
	if !k.marked(object) {
		object.SetName(KeptName(object.GetName(), k.cluster))
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationCluster] = k.cluster
	object.SetAnnotations(annotations)
	spec, _ := object.Object["spec"].(map[string]any)
	for _, field := range []string{"strategy", "templates"} {
		if found := k.refer(object.GetNamespace(), spec[field]); borrows == "" {
			borrows = found
		}
	}
	if borrows == "" && readsSecret(any(spec)) {
		borrows = secretRead
	}
	if borrows == "" {
		borrows = measured(spec)
	}
	return borrows, nil
}

// refer renames the AnalysisTemplates that a part of an object refers to, and tells of one that is not kept with it.
func (k *keeping) refer(namespace string, part any) (borrows string) {
	var within []any
	switch at := part.(type) {
	case []any:
		within = at
	case map[string]any:
		name, refers := at["templateName"].(string)
		kept, known := k.templates[namespace+"/"+name]
		everywhere, _ := at["clusterScope"].(bool)
		switch {
		case refers && known && !everywhere:
			at["templateName"] = kept
		case refers && (everywhere || !k.isKept(namespace, name)):
			borrows = fmt.Sprintf("it refers to the template %q, which is not of the same Application", name)
		}
		for _, value := range at {
			within = append(within, value)
		}
	}
	for _, value := range within {
		if found := k.refer(namespace, value); borrows == "" {
			borrows = found
		}
	}
	return borrows
}

// isKept reports a name under which an AnalysisTemplate is kept.
func (k *keeping) isKept(namespace, name string) bool {
	for key, kept := range k.templates {
		if kept == name && strings.HasPrefix(key, namespace+"/") {
			return true
		}
	}
	return false
}

// secretRead is what an object makes use of that reads a Secret of the hub.
const secretRead = "it reads a Secret"

// measured tells what of the hub's own the metrics of an AnalysisTemplate make use of, "" for nothing: the account
// with which a vendor is asked, or the network from which a URL is. Jobs run in the cluster.
func measured(spec map[string]any) (borrows string) {
	metrics, _, _ := unstructured.NestedSlice(spec, "metrics")
	for _, metric := range metrics {
		fields, _ := metric.(map[string]any)
		provider, _ := fields["provider"].(map[string]any)
		for name := range provider {
			switch name {
			case "job":
			case "web", "prometheus":
				borrows = "it is measured from the network of the hub"
			default:
				return secretRead
			}
		}
	}
	return borrows
}

// readsSecret reports that a part of a specification names a Secret that the hub would read. Those that pods mount are
// read in the cluster.
func readsSecret(part any) bool {
	switch at := part.(type) {
	case []any:
		return slices.ContainsFunc(at, readsSecret)
	case map[string]any:
		for field, value := range at {
			ofPods := field == "template" || field == "job"
			if field == "secretKeyRef" || field == "sigv4" || !ofPods && readsSecret(value) {
				return true
			}
		}
	}
	return false
}
