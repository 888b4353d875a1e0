// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"slices"

	"k8s.io/client-go/util/jsonpath"
)

// The bounds of a path: each part of these kinds may find many times what the one before it found.
const (
	longestPath     = 1_000
	mostMultipliers = 2
)

var errWidePath = errors.New("jsonPath has too many of '..', lists of indexes and filters")

// find returns the first value that a path finds in JSON; an empty path finds all of it.
func find(data any, path string) (any, error) {
	if path == "" {
		return data, nil
	}
	if len(path) > longestPath {
		return nil, fmt.Errorf("jsonPath has more than %d characters", longestPath)
	}
	tree, err := jsonpath.Parse("metric", path)
	if err != nil {
		return nil, fmt.Errorf("jsonPath: %w", err)
	}
	if multipliers(tree.Root) > mostMultipliers {
		return nil, errWidePath
	}
	parser := jsonpath.New("metric")
	if err = parser.Parse(path); err != nil {
		return nil, fmt.Errorf("jsonPath: %w", err)
	}
	found, err := parser.FindResults(data)
	if err != nil {
		return nil, fmt.Errorf("Could not find JSONPath in body: %w", err) //nolint:staticcheck // The peer's words.
	}
	results := slices.Concat(found...)
	switch {
	case len(results) == 0:
		return nil, errors.New("result of web metric produced no value")
	case !results[0].IsValid():
		return nil, nil
	default:
		return results[0].Interface(), nil
	}
}

// multipliers counts the parts of a path that find more than one value in one.
func multipliers(node jsonpath.Node) int {
	switch typed := node.(type) {
	case *jsonpath.ListNode:
		return multipliersOf(typed.Nodes)
	case *jsonpath.RecursiveNode:
		return 1
	case *jsonpath.UnionNode:
		total := 1
		for _, each := range typed.Nodes {
			total += multipliers(each)
		}
		return total
	case *jsonpath.FilterNode:
		return 1 + multipliers(typed.Left) + multipliers(typed.Right)
	default:
		return 0
	}
}

func multipliersOf(nodes []jsonpath.Node) int {
	total := 0
	for _, node := range nodes {
		total += multipliers(node)
	}
	return total
}
