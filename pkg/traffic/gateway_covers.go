// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

// covers reports whether a live rule says what a wanted one says. Beside that it may hold what an API server fills in
// or drops: other weights, no name, and fields that a wanted rule leaves to their defaults.
func covers(wanted, live map[string]any) bool {
	for key, value := range wanted {
		there, found := live[key]
		switch {
		case key == "weight":
		case key == "name" && isRule(wanted):
			if found && there != value {
				return false
			}
		case !found || !coversValue(value, there):
			return false
		}
	}
	for key := range live {
		if _, wants := wanted[key]; !wants && !defaulted(key) {
			return false
		}
	}
	return true
}

// isRule tells a rule, whose name an API server may drop, from a reference, whose name says what it refers to.
func isRule(entry map[string]any) bool {
	_, is := entry["backendRefs"]
	return is
}

// defaulted reports whether a field is one that API servers fill in.
func defaulted(key string) bool {
	switch key {
	case "group", "kind", "weight", "type", "value", "path":
		return true
	default:
		return false
	}
}

func coversValue(wanted, live any) bool {
	switch value := wanted.(type) {
	case map[string]any:
		there, is := live.(map[string]any)
		return is && covers(value, there)
	case []any:
		there, is := live.([]any)
		if !is || len(there) != len(value) {
			return false
		}
		for index, item := range value {
			if !coversValue(item, there[index]) {
				return false
			}
		}
		return true
	default:
		a, isNumber := number(wanted)
		b, areNumbers := number(live)
		if isNumber && areNumbers {
			return a == b
		}
		return wanted == live
	}
}
