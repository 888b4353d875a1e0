// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package customization

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// Differences are the fields of a kind that may differ from Git.
type Differences struct {
	Pattern
	// Key is where they stand, for people.
	Key string
	// JSONPointers, JQPathExpressions and ManagedFieldsManagers select the fields as in an
	// Application's spec.ignoreDifferences.
	JSONPointers          []string
	JQPathExpressions     []string
	ManagedFieldsManagers []string
	// Fault says why they cannot be read.
	Fault error
}

// selectors is the YAML of a kind's differences.
type selectors struct {
	JSONPointers          []string `json:"jsonPointers"`
	JQPathExpressions     []string `json:"jqPathExpressions"`
	ManagedFieldsManagers []string `json:"managedFieldsManagers"`
}

func differencesOf(pattern Pattern, key, text string, fault error) Differences {
	said := Differences{Pattern: pattern, Key: key, Fault: fault}
	var read selectors
	if err := yaml.Unmarshal([]byte(text), &read); err != nil && fault == nil {
		said.Fault = fmt.Errorf("key %s of ConfigMap %s is no YAML of fields: %w", key, ConfigMap, err)
		return said
	}
	said.JSONPointers, said.JQPathExpressions = read.JSONPointers, read.JQPathExpressions
	said.ManagedFieldsManagers = read.ManagedFieldsManagers
	return said
}

// compareOptions reads resource.compareoptions. Of its options only ignoreAggregatedRoles says
// something here: the status of objects is never compared.
func compareOptions(key, text string) []Differences {
	var read struct {
		IgnoreAggregatedRoles bool `json:"ignoreAggregatedRoles"`
	}
	if err := yaml.Unmarshal([]byte(text), &read); err != nil {
		return []Differences{{
			Pattern: "*", Key: key, Fault: fmt.Errorf("key %s of ConfigMap %s is no YAML of options: %w", key, ConfigMap, err),
		}}
	}
	if !read.IgnoreAggregatedRoles {
		return nil
	}
	return []Differences{{
		Pattern: "rbac.authorization.k8s.io/ClusterRole", Key: key,
		JQPathExpressions: []string{"select(has(\"aggregationRule\")) | .rules"},
	}}
}
