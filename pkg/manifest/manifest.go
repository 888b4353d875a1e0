// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Key names an object in a cluster, whatever version it is read in.
type Key struct {
	Group     string
	Kind      string
	Namespace string
	Name      string
}

// String returns the key as group/kind:namespace/name, the form that Argo CD's tracking
// annotation uses after the application's name.
func (k Key) String() string {
	return k.Group + "/" + k.Kind + ":" + k.Namespace + "/" + k.Name
}

// GroupKind returns the group and the kind of the key.
func (k Key) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: k.Group, Kind: k.Kind}
}

// Digest is the first 16 bytes of the SHA-256 of canonical JSON.
type Digest [16]byte

// DigestOf returns the digest of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest(sum[:16])
}

// ParseDigest reads what Digest.String printed; anything else is the zero Digest.
func ParseDigest(s string) Digest {
	var d Digest
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(d) {
		return Digest{}
	}
	return Digest(raw)
}

// IsZero reports whether d is no digest at all.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns d in lower-case hexadecimal, or "" for the zero Digest.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// Manifest is one object to be applied.
type Manifest struct {
	Key
	// Version is the API version within the key's group.
	Version string
	// JSON is the canonical JSON of the object.
	JSON []byte
	// Digest is the digest of JSON.
	Digest Digest
}

// GroupVersionKind returns the group, version and kind that the manifest is written in.
func (m Manifest) GroupVersionKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: m.Group, Version: m.Version, Kind: m.Kind}
}

// Object decodes the manifest into a new object that the caller may change.
func (m Manifest) Object() (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(m.JSON); err != nil {
		return nil, fmt.Errorf("decode %s: %w", m.Key, err)
	}
	return object, nil
}

// New returns the manifest of an object. It fails where the object names no kind, API
// version or name (or generateName), which no cluster could accept.
func New(object *unstructured.Unstructured) (Manifest, error) {
	gvk := object.GroupVersionKind()
	switch {
	case gvk.Kind == "":
		return Manifest{}, errors.New("an object has no kind")
	case gvk.Version == "":
		return Manifest{}, fmt.Errorf("%s %q has no apiVersion", gvk.Kind, object.GetName())
	case object.GetName() == "" && object.GetGenerateName() == "":
		return Manifest{}, fmt.Errorf("a %s has no metadata.name", gvk.Kind)
	}
	data, err := canonical(object.Object)
	if err != nil {
		return Manifest{}, fmt.Errorf("encode %s %q: %w", gvk.Kind, object.GetName(), err)
	}
	return Manifest{
		Key:     Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: object.GetNamespace(), Name: object.GetName()},
		Version: gvk.Version,
		JSON:    data,
		Digest:  DigestOf(data),
	}, nil
}

// canonical encodes without what only a server writes; encoding/json sorts the keys.
func canonical(object map[string]any) ([]byte, error) {
	if _, has := object["status"]; has {
		trimmed := make(map[string]any, len(object))
		for name, value := range object {
			if name != "status" {
				trimmed[name] = value
			}
		}
		object = trimmed
	}
	return json.Marshal(object)
}
