// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

var errNoKind = errors.New("an object has no kind")

// parseJSON adds the one object of a JSON file. JSON that is no Kubernetes object at all,
// such as the settings of another tool, is left out.
func (o *output) parseJSON(path string, data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return fault(ReasonInvalid, path, "is not valid JSON: %s", concise(err))
	}
	if decoder.More() {
		return fault(ReasonInvalid, path, "holds more than one object: a JSON file may hold one")
	}
	object, err := objectOf(raw)
	_, versioned := object["apiVersion"]
	switch {
	case errors.Is(err, errNoKind) && !versioned:
		return nil
	case err != nil:
		return fault(ReasonInvalid, path, "%w", err)
	}
	return o.add(path, object)
}

// parseYAML adds the objects of a YAML file. A file that cannot be read is left out where it
// does not look like a manifest (as Argo CD 3.5: getObjsFromYAMLOrJSON).
func (o *output) parseYAML(path string, data []byte) error {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for number, found := 1, 0; ; number++ {
		object, err := nextObject(decoder)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && found == 0 && !looksLikeManifest(data):
			return nil
		case err != nil:
			return fault(ReasonInvalid, path, "document %d: %s", number, concise(err))
		case object == nil:
			continue
		}
		if err := o.add(path, object); err != nil {
			return err
		}
		found++
	}
}

// nextObject returns nil for a document that is empty.
func nextObject(decoder *utilyaml.YAMLOrJSONDecoder) (map[string]any, error) {
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return nil, err
	}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	return objectOf(raw)
}

// objectOf decodes JSON as the API machinery does, whole numbers as int64. It returns the
// object along with errNoKind.
func objectOf(raw json.RawMessage) (map[string]any, error) {
	var object map[string]any
	if err := utiljson.Unmarshal(raw, &object); err != nil {
		return nil, errors.New("is not an object")
	}
	if kind, ok := object["kind"].(string); !ok || kind == "" {
		return object, errNoKind
	}
	return object, nil
}

func looksLikeManifest(data []byte) bool {
	for _, key := range []string{"apiVersion:", "kind:", "metadata:"} {
		if !bytes.Contains(data, []byte(key)) {
			return false
		}
	}
	return true
}

// parseRendered adds the objects of what a template made: all of it must be manifests.
func (o *output) parseRendered(path string, data []byte) error {
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for number := 1; ; number++ {
		object, err := nextObject(decoder)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fault(ReasonInvalid, path, "document %d of the rendered template: %s", number, concise(err))
		case object == nil:
			continue
		}
		if err := o.add(path, object); err != nil {
			return err
		}
	}
}
