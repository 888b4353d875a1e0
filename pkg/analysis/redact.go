// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// redacted is what stands in the place of a secret.
const redacted = "*****"

// Redactor takes secrets out of texts.
type Redactor struct {
	// shapes are what secrets look like in messages, the longest first: one secret may be a part of another.
	shapes []string
}

// NewRedactor returns what takes secrets out, in each encoding that messages usually show them in.
func NewRedactor(secrets ...string) Redactor {
	var shapes []string
	for _, secret := range secrets {
		// A line at the end is often there by accident, and what fails leaves it out.
		for _, text := range []string{secret, strings.TrimSpace(secret)} {
			shapes = append(shapes, text, url.QueryEscape(text), url.PathEscape(text), string(quoted(text)),
				strings.Trim(strconv.Quote(text), `"`), base64.StdEncoding.EncodeToString([]byte(text)))
		}
	}
	slices.SortFunc(shapes, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	shapes = slices.Compact(shapes)
	return Redactor{shapes: slices.DeleteFunc(shapes, func(shape string) bool { return shape == "" })}
}

// Redact replaces each secret in a text by asterisks.
func (r Redactor) Redact(text string) string {
	if text == "" {
		return text
	}
	marks := make([]bool, len(text))
	found := false
	for _, shape := range r.shapes {
		for from := 0; ; from++ {
			at := strings.Index(text[from:], shape)
			if at < 0 {
				break
			}
			from += at
			found = true
			for i := range len(shape) {
				marks[from+i] = true
			}
		}
	}
	if !found {
		return text
	}
	return cover(text, marks)
}

// Measurement takes secrets out of all that a measurement says.
func (r Redactor) Measurement(measured v1alpha1.Measurement) v1alpha1.Measurement {
	measured.Message, measured.Value = r.Redact(measured.Message), r.Redact(measured.Value)
	measured.Metadata = r.metadata(measured.Metadata)
	return measured
}

func (r Redactor) metadata(metadata map[string]string) map[string]string {
	cleaned := maps.Clone(metadata)
	for key, value := range cleaned {
		cleaned[key] = r.Redact(value)
	}
	return cleaned
}

// cover replaces each run of marked bytes by asterisks.
func cover(text string, marks []bool) string {
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !marks[i]:
			out.WriteByte(text[i])
		case i == 0 || !marks[i-1]:
			out.WriteString(redacted)
		}
	}
	return out.String()
}
