// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/itchyny/gojq"
)

const (
	// timeout is how long one expression may take (as Argo CD 3.5: ignoreNormalizer's default).
	timeout = time.Second
	// maxPaths is how many fields one expression may select.
	maxPaths = 10_000
)

// query is a jq expression that selects fields.
type query struct {
	text string
	code *gojq.Code
}

func parse(text string) (query, error) {
	if len(text) > maxLength {
		return query{}, fmt.Errorf("the expression has %d characters, at most %d are allowed", len(text), maxLength)
	}
	parsed, err := gojq.Parse(text)
	if err != nil {
		return query{}, fmt.Errorf("%q is no jq expression: %w", text, err)
	}
	if err = check(parsed); err != nil {
		return query{}, fmt.Errorf("%q: %w", text, err)
	}
	selecting, err := gojq.Parse("path(" + parsed.String() + ")")
	if err != nil {
		return query{}, fmt.Errorf("%q selects no fields: %w", text, err)
	}
	code, err := gojq.Compile(selecting)
	if err != nil {
		return query{}, fmt.Errorf("%q: %w", text, err)
	}
	return query{text: text, code: code}, nil
}

// paths returns the fields of an object that the expression selects. An expression that does not
// fit the object, such as one that looks into a list which is not there, selects what it found until
// then.
func (q query) paths(object map[string]any) ([]Path, error) {
	input, err := plain(object)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	results := q.code.RunWithContext(ctx, input)
	var paths []Path
	for {
		result, more := results.Next()
		if !more {
			return paths, nil
		}
		switch found := result.(type) {
		case error:
			if errors.Is(found, context.DeadlineExceeded) {
				return nil, fmt.Errorf("jq expression %q does not end within %s", q.text, timeout)
			}
			return paths, nil
		case []any:
			if path, ok := placed(found, object); ok {
				paths = append(paths, path)
			}
		}
		if len(paths) > maxPaths {
			return nil, fmt.Errorf("jq expression %q selects more than %d fields", q.text, maxPaths)
		}
	}
}

// plain returns an object as the interpreter wants its numbers.
func plain(object map[string]any) (any, error) {
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode the object: %w", err)
	}
	var input any
	err = json.Unmarshal(encoded, &input)
	return input, err
}

// placed reads a path as the interpreter writes it, where places can count from the end.
func placed(found []any, object map[string]any) (Path, bool) {
	path := make(Path, 0, len(found))
	var at any = object
	for _, step := range found {
		if fraction, isFraction := step.(float64); isFraction {
			step = int(fraction)
		}
		if place, isPlace := step.(int); isPlace && place < 0 {
			list, _ := at.([]any)
			step = place + len(list)
		}
		var there bool
		if at, there = child(at, step); !there {
			return nil, false
		}
		path = append(path, step)
	}
	return path, len(path) > 0
}
