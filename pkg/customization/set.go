// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package customization

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// ConfigMap is the name of the ConfigMap in the control-plane namespace.
const ConfigMap = "argocd-cm"

// The keys, as Argo CD 3.5 has them (util/settings/settings.go), and healthCELPrefix, which is ours.
const (
	legacyKey       = "resource.customizations"
	healthPrefix    = "resource.customizations.health."
	healthCELPrefix = "resource.customizations.health-cel."
	actionsPrefix   = "resource.customizations.actions."
	differPrefix    = "resource.customizations.ignoreDifferences."
	compareKey      = "resource.compareoptions"
)

// Set is what a user says, of kinds and of syncs.
type Set struct {
	// Health are rules; where several fit a kind, the first one rates it.
	Health []Rule
	// Actions are those of kinds.
	Actions []Actions
	// Differences are the fields that may differ from Git.
	Differences []Differences
	// InstanceLabel is the label that names an object's Application beside the annotation, "" for none.
	InstanceLabel string
	// Impersonation says as whom syncs write.
	Impersonation Impersonation
}

// Rule is a health rule.
type Rule struct {
	Pattern
	// Key is where the rule stands, for people.
	Key string
	// Lua or CEL is its text; both are "" where Fault is set.
	Lua, CEL string
	// Fault says why the rule cannot be read.
	Fault error
}

// Pattern is group/Kind, or the Kind alone in the core group; * stands for any text.
type Pattern string

// Exact reports whether the pattern stands for one kind.
func (p Pattern) Exact() bool { return !strings.Contains(string(p), "*") }

// Matches reports whether a kind fits.
func (p Pattern) Matches(kind schema.GroupKind) bool {
	name := kind.Kind
	if kind.Group != "" {
		name = kind.Group + "/" + kind.Kind
	}
	return matches(string(p), name)
}

// matches compares with a pattern whose stars stand for any text, a slash included
// (as Argo CD 3.5: util/glob).
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, begins := strings.CutPrefix(text, parts[0])
	if !begins {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// Parse reads the data of the ConfigMap.
func Parse(data map[string]string) Set {
	var set Set
	for _, key := range slices.Sorted(maps.Keys(data)) {
		text := data[key]
		switch {
		case strings.HasPrefix(key, healthPrefix):
			rule := Rule{Key: key, Lua: text}
			rule.Pattern, rule.Fault = patternOf(key, healthPrefix)
			set.Health = append(set.Health, rule)
		case strings.HasPrefix(key, healthCELPrefix):
			rule := Rule{Key: key, CEL: text}
			rule.Pattern, rule.Fault = patternOf(key, healthCELPrefix)
			set.Health = append(set.Health, rule)
		case strings.HasPrefix(key, actionsPrefix):
			pattern, fault := patternOf(key, actionsPrefix)
			set.Actions = append(set.Actions, actionsOf(pattern, key, text, fault))
		case strings.HasPrefix(key, differPrefix):
			pattern, fault := patternOf(key, differPrefix)
			set.Differences = append(set.Differences, differencesOf(pattern, key, text, fault))
		case key == compareKey:
			set.Differences = append(set.Differences, compareOptions(key, text)...)
		}
	}
	set.InstanceLabel, set.Impersonation = trackingOf(data), impersonationOf(data)
	set.addLegacy(data[legacyKey])
	slices.SortStableFunc(set.Health, byPrecision)
	return set
}

// byPrecision puts exact kinds before patterns, and long patterns before short ones.
func byPrecision(a, b Rule) int {
	if a.Exact() != b.Exact() {
		if a.Exact() {
			return -1
		}
		return 1
	}
	return len(b.Pattern) - len(a.Pattern)
}

// patternOf reads the end of a key: group_Kind, or the Kind alone; all stands for every kind.

func patternOf(key, prefix string) (Pattern, error) {
	parts := strings.Split(strings.TrimPrefix(key, prefix), "_")
	switch {
	case len(parts) == 1 && parts[0] == "all":
		return "*", nil
	case len(parts) == 1 && parts[0] != "":
		return Pattern(parts[0]), nil
	case len(parts) == 2 && parts[1] != "":
		return Pattern(strings.TrimPrefix(parts[0]+"/", "/") + parts[1]), nil
	}
	return "", fmt.Errorf("key %s of ConfigMap %s: end it in group_Kind, or in Kind for the core group", key, ConfigMap)
}

// legacy is one kind's part of the key resource.customizations.
type legacy struct {
	Health            string `json:"health.lua"`
	CEL               string `json:"health.cel"`
	Actions           string `json:"actions"`
	IgnoreDifferences string `json:"ignoreDifferences"`
}

// addLegacy reads the one key that holds all kinds; its patterns may hold *.
func (s *Set) addLegacy(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	var kinds map[string]legacy
	if err := yaml.Unmarshal([]byte(text), &kinds); err != nil {
		fault := fmt.Errorf("key %s of ConfigMap %s is no YAML of kinds: %w", legacyKey, ConfigMap, err)
		s.Health = append(s.Health, Rule{Key: legacyKey, Fault: fault})
		return
	}
	for _, pattern := range slices.Sorted(maps.Keys(kinds)) {
		entry := kinds[pattern]
		key := legacyKey + " (" + pattern + ")"
		if entry.Health != "" {
			s.Health = append(s.Health, Rule{Pattern: Pattern(pattern), Key: key, Lua: entry.Health})
		}
		if entry.CEL != "" {
			s.Health = append(s.Health, Rule{Pattern: Pattern(pattern), Key: key, CEL: entry.CEL})
		}
		if entry.Actions != "" {
			s.Actions = append(s.Actions, actionsOf(Pattern(pattern), key, entry.Actions, nil))
		}
		if entry.IgnoreDifferences != "" {
			s.Differences = append(s.Differences, differencesOf(Pattern(pattern), key, entry.IgnoreDifferences, nil))
		}
	}
}
