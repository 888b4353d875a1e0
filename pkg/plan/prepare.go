// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Destination is what preparing manifests needs to know of where they go.
type Destination struct {
	// Application is the instance name to track the objects by.
	Application string
	// Label is the key of a label that names the instance, too; "" for none.
	Label string
	// Namespace is given to namespaced objects that name none.
	Namespace string
	// Namespaced tells the scope of a kind; an error where the cluster does not serve it.
	Namespaced func(schema.GroupVersionKind) (bool, error)
	// Missing tells an error that says for sure that the cluster does not serve a kind, and
	// SkipMissing lets all objects through whose kind it does not.
	Missing     func(error) bool
	SkipMissing bool
	// Cluster is the name of the destination for which the hub keeps Keepable kinds that it does not serve, "" where the
	// hub keeps nothing.
	Cluster string
}

// Prepared are manifests as they would be applied.
type Prepared struct {
	// Manifests are in the order given, one a key.
	Manifests []manifest.Manifest
	// Desired are the same without their bytes.
	Desired []Desired
	// Repeated are the keys that the manifests held more than once; the last one counts.
	Repeated []manifest.Key
	// HookManifests are the objects that are hooks.
	HookManifests []manifest.Manifest
	// Hooks are the moments of these, one entry a moment.
	Hooks []Hook
}

// Prepare gives each manifest its namespace, its tracking annotation and the managed label.
// It fails where a kind is unknown to the destination.
func Prepare(manifests []manifest.Manifest, destination Destination) (Prepared, error) {
	var prepared Prepared
	at := make(map[manifest.Key]int, len(manifests))
	keeping, err := keepingOf(manifests, destination)
	if err != nil {
		return Prepared{}, err
	}
	for _, m := range manifests {
		object, err := m.Object()
		if err != nil {
			return Prepared{}, err
		}
		hook := live.HookOf(object.GetAnnotations())
		ready, desired, err := prepare(object, destination, keeping, hook)
		if err != nil {
			return Prepared{}, fmt.Errorf("%s %q: %w", m.Kind, m.Name, err)
		}
		if hook != 0 {
			prepared.addHook(hook, ready, desired.Wave, object.GetGenerateName())
			continue
		}
		if i, repeated := at[ready.Key]; repeated {
			prepared.Repeated = append(prepared.Repeated, ready.Key)
			prepared.Manifests[i], prepared.Desired[i] = ready, desired
			continue
		}
		at[ready.Key] = len(prepared.Manifests)
		prepared.Manifests = append(prepared.Manifests, ready)
		prepared.Desired = append(prepared.Desired, desired)
	}
	return prepared, nil
}

func prepare(
	object *unstructured.Unstructured, destination Destination, keeping *keeping, hook live.Hook,
) (manifest.Manifest, Desired, error) {
	annotations := object.GetAnnotations()
	if object.GetName() == "" && hook == 0 {
		return manifest.Manifest{}, Desired{}, errors.New(
			"metadata.generateName names no object to keep in sync: set metadata.name")
	}
	namespaced, err := destination.Namespaced(object.GroupVersionKind())
	guessed := err != nil && destination.skips(annotations) && destination.Missing(err)
	kept := err != nil && !guessed && hook == 0 && keeping.keeps(object) && destination.Missing(err)
	if err != nil && !guessed && !kept {
		return manifest.Manifest{}, Desired{}, err
	}
	namespaced = namespaced || kept
	switch {
	case guessed: // the scope of a kind that is yet to come is the one that the manifest shows
	case !namespaced:
		object.SetNamespace("")
	case object.GetNamespace() == "":
		object.SetNamespace(destination.Namespace)
	}
	wanted := Desired{Guessed: guessed}
	if kept {
		wanted.Cluster = keeping.cluster
		if wanted.Borrows, err = keeping.keep(object); err != nil {
			return manifest.Manifest{}, Desired{}, err
		}
	}
	track(object, destination)
	ready, err := manifest.New(object)
	if err != nil {
		return manifest.Manifest{}, Desired{}, err
	}
	wanted.Key, wanted.Version, wanted.Digest = ready.Key, ready.Version, ready.Digest
	wanted.Wave, wanted.Keep, wanted.Defines = live.WaveOf(annotations), live.KeepOf(annotations), definedBy(object)
	wanted.How = HowOf(strings.Split(annotations[live.SyncOptionsAnnotation], ","))
	return ready, wanted, nil
}

// skips reports that an object may be of a kind which is yet to come.
func (d Destination) skips(annotations map[string]string) bool {
	return d.SkipMissing || slices.ContainsFunc(strings.Split(annotations[live.SyncOptionsAnnotation], ","),
		func(option string) bool { return strings.TrimSpace(option) == skipMissing })
}

// definedBy returns the kind that a CustomResourceDefinition defines.
func definedBy(object *unstructured.Unstructured) schema.GroupKind {
	if object.GetKind() != "CustomResourceDefinition" {
		return schema.GroupKind{}
	}
	group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
	return schema.GroupKind{Group: group, Kind: kind}
}

// track marks the object as the application's. Of what only a server writes, a null
// creationTimestamp is what generators print, and server-side apply refuses managedFields.
func track(object *unstructured.Unstructured, destination Destination) {
	unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(object.Object, "metadata", "managedFields")
	unstructured.RemoveNestedField(object.Object, "metadata", "resourceVersion")
	unstructured.RemoveNestedField(object.Object, "metadata", "uid")
	gvk := object.GroupVersionKind()
	key := manifest.Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: object.GetNamespace(), Name: object.GetName()}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[live.TrackingAnnotation] = live.TrackingID(destination.Application, key)
	object.SetAnnotations(annotations)
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[live.ManagedLabel] = live.ManagedValue
	if destination.Label != "" {
		labels[destination.Label] = live.InstanceLabelValue(destination.Application)
	}
	object.SetLabels(labels)
}
