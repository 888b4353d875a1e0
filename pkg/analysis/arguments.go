// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/valyala/fasttemplate"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// largestMetric is how large the JSON of a metric may become by its arguments.
const largestMetric = 1 << 20

// Values are the values of a run's arguments.
type Values struct {
	byTag   map[string]string
	secrets Redactor
}

// ReadSecret returns the value of a key of a Secret in the namespace of the run.
type ReadSecret func(v1alpha1.SecretKeyRef) (string, error)

// ReadArgs returns the values of arguments, with those of Secrets as read returns them.
func ReadArgs(args []v1alpha1.Argument, read ReadSecret) (Values, error) {
	values := Values{byTag: make(map[string]string, len(args))}
	var secrets []string
	for _, arg := range args {
		value, secret, err := valueOf(arg, read)
		if err != nil {
			return Values{}, err
		}
		values.byTag["args."+arg.Name] = value
		if secret {
			secrets = append(secrets, value)
		}
	}
	values.secrets = NewRedactor(secrets...)
	return values, nil
}

// WithoutSecrets reads no Secret: it fills a text into the place of each. It serves what is decided without measuring.
func WithoutSecrets(v1alpha1.SecretKeyRef) (string, error) {
	return "0", nil
}

func valueOf(arg v1alpha1.Argument, read ReadSecret) (value string, secret bool, err error) {
	switch {
	case arg.Value != nil && arg.ValueFrom != nil:
		return "", false, fmt.Errorf("arg %s has both Value and ValueFrom fields", arg.Name)
	case arg.Value != nil:
		return *arg.Value, false, nil
	case arg.ValueFrom != nil && arg.ValueFrom.SecretKeyRef != nil:
		value, err = read(*arg.ValueFrom.SecretKeyRef)
		return value, true, err
	default:
		return "", false, fmt.Errorf("args.%s was not resolved", arg.Name)
	}
}

// Resolve returns metrics with the arguments filled in.
func (v Values) Resolve(metrics []v1alpha1.Metric) ([]v1alpha1.Metric, error) {
	resolved := make([]v1alpha1.Metric, len(metrics))
	for i := range metrics {
		var err error
		if resolved[i], err = v.resolve(metrics[i]); err != nil {
			return nil, err
		}
	}
	return resolved, nil
}

func (v Values) resolve(metric v1alpha1.Metric) (v1alpha1.Metric, error) {
	text, err := json.Marshal(metric)
	if err != nil {
		return v1alpha1.Metric{}, fmt.Errorf("encode metric %s: %w", metric.Name, err)
	}
	filled, err := v.fill(string(text))
	if err != nil {
		return v1alpha1.Metric{}, err
	}
	var resolved v1alpha1.Metric
	if err := json.Unmarshal([]byte(filled), &resolved); err != nil {
		// The message of the decoder may quote what a Secret says.
		problem := fmt.Sprintf("decode metric %s with its arguments: %v", metric.Name, err)
		return v1alpha1.Metric{}, errors.New(v.Redact(problem))
	}
	return resolved, nil
}

// fill replaces each {{args.x}} in a JSON text by its value, which stays inside of the string that it is in.
func (v Values) fill(text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	template, err := fasttemplate.NewTemplate(text, "{{", "}}")
	if err != nil {
		return "", fmt.Errorf("read the arguments of a metric: %w", err)
	}
	var filled strings.Builder
	_, err = template.ExecuteFunc(&filled, func(out io.Writer, tag string) (int, error) {
		value, known := v.byTag[strings.TrimSpace(tag)]
		if !known {
			return 0, fmt.Errorf("failed to resolve {{%s}}", shorten(tag, 100))
		}
		if filled.Len()+len(value) > largestMetric {
			return 0, fmt.Errorf("a metric is larger than %d bytes with its arguments", largestMetric)
		}
		return out.Write(quoted(value))
	})
	return filled.String(), err
}

// quoted returns the JSON string of a text without the quotes around it.
func quoted(text string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return nil
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(out.Bytes()), []byte{'"'}), []byte{'"'})
}

// Redact replaces each value of a Secret in a text by asterisks.
func (v Values) Redact(text string) string {
	return v.secrets.Redact(text)
}

// shorten cuts a text that is too long to be kept.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
