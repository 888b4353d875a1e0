// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package customization

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Actions are the actions of a kind.
type Actions struct {
	Pattern
	// Key is where they stand, for people.
	Key string
	// Discovery is the script that lists the actions of an object.
	Discovery string
	// Scripts are the actions by name.
	Scripts map[string]string
	// Merge has the built-in actions of the kind offered as well.
	Merge bool
	// Fault says why they cannot be read.
	Fault error
}

// definitions is the YAML of a kind's actions.
type definitions struct {
	Discovery   string `json:"discovery.lua"`
	Definitions []struct {
		Name string `json:"name"`
		Lua  string `json:"action.lua"`
	} `json:"definitions"`
	Merge bool `json:"mergeBuiltinActions"`
}

func actionsOf(pattern Pattern, key, text string, fault error) Actions {
	actions := Actions{Pattern: pattern, Key: key, Scripts: map[string]string{}, Fault: fault}
	var read definitions
	if err := yaml.Unmarshal([]byte(text), &read); err != nil && fault == nil {
		actions.Fault = fmt.Errorf("key %s of ConfigMap %s is no YAML of actions: %w", key, ConfigMap, err)
		return actions
	}
	actions.Discovery, actions.Merge = read.Discovery, read.Merge
	for _, definition := range read.Definitions {
		actions.Scripts[definition.Name] = definition.Lua
	}
	return actions
}

// ActionsOf returns the actions of a kind, nil where none are said; patterns are not for actions
// (as Argo CD 3.5: util/lua/lua.go).
func (s Set) ActionsOf(kind schema.GroupKind) *Actions {
	for i := range s.Actions {
		if s.Actions[i].Exact() && s.Actions[i].Matches(kind) {
			return &s.Actions[i]
		}
	}
	return nil
}
