// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Mask hides the values of Secrets among versions of one object, in place: equal values get equal masks, so that a
// reader still sees what differs. What a client kept of the object in an annotation is dropped, and an annotation or
// a label that repeats a value, encoded or not, is masked (as in CVE-2026-45737). Objects of other kinds are left as
// they are.
func Mask(versions ...*unstructured.Unstructured) {
	var secrets []*unstructured.Unstructured
	for _, object := range versions {
		if object != nil && object.GroupVersionKind().Group == "" && object.GetKind() == "Secret" {
			secrets = append(secrets, object)
		}
	}
	hidden := secretsOf(secrets)
	for _, secret := range secrets {
		eachValue(secret, func(plain string) any { return hidden.mask(plain) })
		hidden.maskMetadata(secret)
	}
}

// eachValue replaces every value of a Secret by what a function makes of its plain text.
func eachValue(secret *unstructured.Unstructured, replace func(plain string) any) {
	for _, field := range []string{"data", "stringData"} {
		switch values := secret.Object[field].(type) {
		case nil:
		case map[string]any:
			for key, value := range values {
				values[key] = replace(plainText(value, field == "data"))
			}
		default:
			// No Secret is like this, and whatever it is may be secret.
			secret.Object[field] = replace(plainText(values, false))
		}
	}
}

// plainText is the text of a value; one that is no string, or not encoded as it should be, is taken as it stands.
func plainText(value any, encoded bool) string {
	text, isText := value.(string)
	if !isText {
		raw, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		return string(raw)
	}
	if encoded {
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			return string(plain)
		}
	}
	return text
}

// concealed is what must not be read, and the masks that stand for it.
type concealed struct {
	plain []string
	// forms are the spellings of the values in which something may repeat them.
	forms []string
	masks map[string]string
}

func secretsOf(secrets []*unstructured.Unstructured) *concealed {
	hidden := &concealed{masks: map[string]string{}}
	for _, secret := range secrets {
		eachValue(secret.DeepCopy(), func(plain string) any {
			hidden.plain = append(hidden.plain, plain)
			return nil
		})
	}
	// Masks are given in the order of the values, so that the same Secret is always masked alike.
	slices.Sort(hidden.plain)
	for _, plain := range hidden.plain {
		hidden.mask(plain)
		if plain != "" {
			hidden.forms = append(hidden.forms, spellings(plain)...)
		}
	}
	return hidden
}

// mask gives each distinct text a mask of its own, whose length says nothing of the text's.
func (c *concealed) mask(plain string) string {
	const shortest = 8
	if _, known := c.masks[plain]; !known {
		c.masks[plain] = strings.Repeat("+", shortest+len(c.masks))
	}
	return c.masks[plain]
}

// spellings are the plain text and the ways in which it is usually written into other texts.
func spellings(plain string) []string {
	trimmed := strings.TrimSpace(plain)
	if trimmed == "" {
		trimmed = plain
	}
	forms := []string{trimmed, base64.RawStdEncoding.EncodeToString([]byte(plain)),
		base64.RawURLEncoding.EncodeToString([]byte(plain)), base64.RawStdEncoding.EncodeToString([]byte(trimmed))}
	if quoted, err := json.Marshal(trimmed); err == nil {
		forms = append(forms, strings.Trim(string(quoted), `"`))
	}
	return forms
}

// maskMetadata hides annotations and labels that repeat a value.
func (c *concealed) maskMetadata(secret *unstructured.Unstructured) {
	metadata, isMap := secret.Object["metadata"].(map[string]any)
	if !isMap {
		return
	}
	for _, field := range []string{"annotations", "labels"} {
		entries, isMap := metadata[field].(map[string]any)
		delete(entries, lastApplied)
		if !isMap || len(entries) == 0 {
			delete(metadata, field)
			continue
		}
		keys := make([]string, 0, len(entries))
		for key := range entries {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			if text := plainText(entries[key], false); c.repeats(text) {
				entries[key] = c.mask(text)
			}
		}
	}
}

// repeats reports whether a text, or what it is the encoding of, holds a value.
func (c *concealed) repeats(text string) bool {
	texts := []string{text}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if plain, err := encoding.DecodeString(strings.TrimRight(text, "=")); err == nil {
			texts = append(texts, string(plain))
		}
	}
	return slices.ContainsFunc(c.forms, func(form string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, form) })
	})
}
