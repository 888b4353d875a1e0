// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"encoding/json"
	"errors"
	"fmt"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxImpacts bounds what one action may write.
const maxImpacts = 10

// Operation is what an action does to an object.
type Operation string

// The operations, in the words of Argo CD's scripts.
const (
	Create Operation = "create"
	Patch  Operation = "patch"
)

// Impact is one object that an action would write.
type Impact struct {
	Operation Operation
	// Object is as it would be.
	Object *unstructured.Unstructured
}

// Run returns what an action would do to an object, and to others; it changes nothing. It fails with
// ErrNone where the object has no such action, or not now.
func (b *Book) Run(
	object *unstructured.Unstructured, name string, parameters map[string]string,
) ([]Impact, error) {
	if err := b.offers(object, name); err != nil {
		return nil, err
	}
	key, text, err := b.text(object.GroupVersionKind().GroupKind(), name)
	if err != nil {
		return nil, err
	}
	value, err := b.run(key, text, object, parameters)
	if err != nil {
		return nil, err
	}
	switch result := value.(type) {
	case map[string]any:
		// The old form: the object itself, as it should be.
		return []Impact{{Operation: Patch, Object: &unstructured.Unstructured{Object: result}}}, nil
	case []any:
		return impactsOf(key, result)
	}
	return nil, fmt.Errorf("%s: the action returned no object; return obj, or a list of impacted resources", key)
}

// offers checks that an action is one that the object has now.
func (b *Book) offers(object *unstructured.Unstructured, name string) error {
	offered, err := b.List(object)
	if err != nil {
		return err
	}
	for _, action := range offered {
		switch {
		case action.Name != name:
		case action.Disabled:
			return fmt.Errorf("action %s is disabled in the state that the resource is in", name)
		default:
			return nil
		}
	}
	return ErrNone
}

func impactsOf(key string, list []any) ([]Impact, error) {
	if len(list) > maxImpacts {
		return nil, fmt.Errorf("%s: the action writes more than %d objects", key, maxImpacts)
	}
	var impacts []Impact
	for i, entry := range list {
		fields, _ := entry.(map[string]any)
		resource, isMap := fields["resource"].(map[string]any)
		operation, _ := fields["operation"].(string)
		impact := Impact{Operation: Operation(operation), Object: &unstructured.Unstructured{Object: resource}}
		if !isMap || impact.Operation != Create && impact.Operation != Patch {
			return nil, fmt.Errorf("%s: impacted resource %d needs an operation, create or patch, and a resource", key, i+1)
		}
		impacts = append(impacts, impact)
	}
	return impacts, nil
}

// Patches are the JSON merge patches that make an object what an action wants, in the order in which they
// are to be sent; nil changes nothing.
type Patches struct{ Main, Status []byte }

// PatchesOf compares an object with what an action made of it. Each patch holds the UID and the
// resourceVersion of the object, so that nothing is changed that was not seen.
func PatchesOf(before, after *unstructured.Unstructured) (Patches, error) {
	before, after = before.DeepCopy(), after.DeepCopy()
	for _, object := range []*unstructured.Unstructured{before, after} {
		unstructured.RemoveNestedField(object.Object, "metadata", "managedFields")
	}
	if before.GetUID() != after.GetUID() || before.GetName() != after.GetName() ||
		before.GetNamespace() != after.GetNamespace() || before.GroupVersionKind() != after.GroupVersionKind() {
		return Patches{}, errors.New("an action must leave kind, name, namespace and uid of what it patches")
	}
	after.Object, _ = asBefore(after.Object, before.Object).(map[string]any)
	old, err := before.MarshalJSON()
	if err != nil {
		return Patches{}, fmt.Errorf("encode the object: %w", err)
	}
	wanted, err := after.MarshalJSON()
	if err != nil {
		return Patches{}, fmt.Errorf("encode what the action made: %w", err)
	}
	patch, err := jsonpatch.CreateMergePatch(old, wanted)
	if err != nil {
		return Patches{}, fmt.Errorf("compare the object with what the action made: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(patch, &fields); err != nil {
		return Patches{}, fmt.Errorf("read the difference: %w", err)
	}
	return split(before, fields)
}

// asBefore makes a list again of what was one and is empty now: Lua cannot tell it from an object.
func asBefore(after, before any) any {
	fields, isObject := after.(map[string]any)
	if _, wasList := before.([]any); wasList && isObject && len(fields) == 0 {
		return []any{}
	}
	olds, _ := before.(map[string]any)
	for name, value := range fields {
		fields[name] = asBefore(value, olds[name])
	}
	return after
}

// split parts the status from the rest: where a kind has a status subresource, each ignores the other.
// The resourceVersion guards the first patch alone, because that moves it.
func split(before *unstructured.Unstructured, fields map[string]any) (Patches, error) {
	status, hasStatus := fields["status"]
	delete(fields, "status")
	var patches Patches
	var err error
	version := before.GetResourceVersion()
	if len(fields) > 0 {
		if patches.Main, err = guarded(before, version, fields); err != nil {
			return Patches{}, err
		}
		version = ""
	}
	if hasStatus {
		patches.Status, err = guarded(before, version, map[string]any{"status": status})
	}
	return patches, err
}

func guarded(before *unstructured.Unstructured, version string, fields map[string]any) ([]byte, error) {
	metadata, _ := fields["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["uid"] = string(before.GetUID())
	if version != "" {
		metadata["resourceVersion"] = version
	}
	fields["metadata"] = metadata
	return json.Marshal(fields)
}
