// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Action is what a Change does.
type Action string

const (
	// Apply makes the object what the manifest says, and creates it where it is missing.
	Apply Action = "Apply"
	// Delete removes the object with the UID of the change.
	Delete Action = "Delete"
	// Release takes the finalizer of the change off the object with its UID.
	Release Action = "Release"
	// CreateNamespace makes sure that a namespace exists, with the labels and annotations
	// of the manifest, and takes nothing from whoever else manages it.
	CreateNamespace Action = "CreateNamespace"
)

// Change is one write to a destination.
type Change struct {
	Action Action
	// Manifest is the object; Delete reads only its key and version ("" for any version).
	Manifest manifest.Manifest
	// Owner is for whom CreateNamespace is done: each owns what was set for it alone.
	Owner string
	// UID is that of the object that Delete removes or Release lets go of; it must be set.
	UID types.UID
	// Finalizer is what Release takes off, and Delete, too, where it is set.
	Finalizer string
	// Replace puts the manifest in the place of the object, with all that others wrote to it.
	Replace bool
	// Force deletes an object that refuses a change for good; see Result.Recreate.
	Force bool
	// Lenient drops fields that the kind does not know, instead of refusing the object.
	Lenient bool
	// Respected are rules whose fields keep the value that the live object has.
	Respected difference.Rules
	// Migrate are field managers whose fields are taken over, so that those which the
	// manifest does not have go.
	Migrate []string
	// Propagation says what Delete does to dependents; "" is the kind's default.
	Propagation metav1.DeletionPropagation
}

// Namespace returns the change that creates a namespace for somebody. Of labels and
// annotations it owns only those given, and those it gave the same before go.
func Namespace(name, owner string, labels, annotations map[string]string) (Change, error) {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	object.SetName(name)
	if len(labels) > 0 {
		object.SetLabels(labels)
	}
	if len(annotations) > 0 {
		object.SetAnnotations(annotations)
	}
	namespace, err := manifest.New(object)
	if err != nil {
		return Change{}, fmt.Errorf("namespace %q: %w", name, err)
	}
	return Change{Action: CreateNamespace, Manifest: namespace, Owner: owner}, nil
}

// Status is how a Change ended, in Argo CD's words.
type Status string

// The statuses of a Result.
const (
	// Synced: the object is as the manifest says.
	Synced Status = "Synced"
	// SyncFailed: nothing is known to have changed; see the message.
	SyncFailed Status = "SyncFailed"
	// Pruned: the object is gone, or on its way.
	Pruned Status = "Pruned"
	// PruneSkipped: another object has the name now, and was left alone.
	PruneSkipped Status = "PruneSkipped"
)

// Result is how one Change ended.
type Result struct {
	manifest.Key
	// Version is the API version that was written in.
	Version string
	Status  Status
	// Message is one line for people.
	Message string
	// UID, ResourceVersion and Owned are those of the object as the server answered to an
	// apply: the baseline that drift is measured against.
	UID             types.UID
	ResourceVersion uint64
	Owned           manifest.Digest
	// Recreate reports that the object was deleted, and is to be applied again when it is gone.
	Recreate bool
	// Err is nil unless Status is SyncFailed; see Retryable.
	Err error
}

// Options change how a group is written.
type Options struct {
	// DryRun has the server validate the changes and write nothing.
	DryRun bool
	// Again marks changes that failed before; few of them are sent at once, so that what
	// keeps failing leaves the destination to others.
	Again bool
}

// deleteOptions returns the body of the request that deletes what c names.
func (c Change) deleteOptions(options Options) ([]byte, error) {
	body := metav1.DeleteOptions{
		TypeMeta:      metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions: metav1.NewUIDPreconditions(string(c.UID)),
	}
	if c.Propagation != "" {
		body.PropagationPolicy = &c.Propagation
	}
	if options.DryRun {
		body.DryRun = []string{metav1.DryRunAll}
	}
	return json.Marshal(body)
}
