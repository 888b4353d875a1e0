// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"cmp"
	"reflect"
	"slices"
)

// Path leads to a field: strings are keys of maps, ints are places in lists.
type Path []any

// in returns what the path leads to.
func (p Path) in(value any) (any, bool) {
	for _, step := range p {
		var found bool
		if value, found = child(value, step); !found {
			return nil, false
		}
	}
	return value, true
}

func child(value, step any) (any, bool) {
	switch within := value.(type) {
	case map[string]any:
		key, isKey := step.(string)
		next, found := within[key]
		return next, isKey && found
	case []any:
		place, isPlace := step.(int)
		if !isPlace || place < 0 || place >= len(within) {
			return nil, false
		}
		return within[place], true
	}
	return nil, false
}

// set puts a value at the path; maps on the way are made, elements of lists are not.
func (p Path) set(object map[string]any, value any) {
	if len(p) == 0 {
		return
	}
	var at any = object
	for _, step := range p[:len(p)-1] {
		next, found := child(at, step)
		within, isMap := at.(map[string]any)
		key, isKey := step.(string)
		switch {
		case found:
		case isMap && isKey:
			next = map[string]any{}
			within[key] = next
		default:
			return
		}
		at = next
	}
	switch within := at.(type) {
	case map[string]any:
		if key, isKey := p[len(p)-1].(string); isKey {
			within[key] = value
		}
	case []any:
		if place, isPlace := p[len(p)-1].(int); isPlace && place >= 0 && place < len(within) {
			within[place] = value
		}
	}
}

// without removes what the paths lead to, and nothing else.
func without(object map[string]any, paths []Path) {
	paths = slices.Clone(paths)
	// From the back, so that places in lists stay what they are.
	slices.SortFunc(paths, func(a, b Path) int { return b.compare(a) })
	paths = slices.CompactFunc(paths, func(a, b Path) bool { return a.compare(b) == 0 })
	for _, path := range paths {
		path.remove(object)
	}
}

func (p Path) remove(object map[string]any) {
	if len(p) == 0 {
		return
	}
	parent, found := p[:len(p)-1].in(object)
	if !found {
		return
	}
	switch within := parent.(type) {
	case map[string]any:
		if key, isKey := p[len(p)-1].(string); isKey {
			delete(within, key)
		}
	case []any:
		place, isPlace := p[len(p)-1].(int)
		if isPlace && place >= 0 && place < len(within) {
			p[:len(p)-1].set(object, slices.Delete(slices.Clone(within), place, place+1))
		}
	}
}

func (p Path) compare(other Path) int {
	return slices.CompareFunc(p, other, func(a, b any) int {
		place, isPlace := a.(int)
		otherPlace, otherIsPlace := b.(int)
		if isPlace && otherIsPlace {
			return cmp.Compare(place, otherPlace)
		}
		key, _ := a.(string)
		otherKey, _ := b.(string)
		return cmp.Compare(key, otherKey)
	})
}

// translate returns the path to the same field in another state of the object. Elements of lists
// are found by what names them, wherever they stand. The last step need not be there, if it is the key
// of a map.
func (p Path) translate(from, to any) (Path, bool) {
	translated := make(Path, 0, len(p))
	for i, step := range p {
		var there bool
		source, _ := child(from, step)
		if place, isPlace := step.(int); isPlace {
			list, _ := to.([]any)
			step = twin(list, source, place)
		}
		translated = append(translated, step)
		from = source
		if to, there = child(to, step); there {
			continue
		}
		return append(translated, p[i+1:]...), onlyKeys(p[i:])
	}
	return translated, true
}

func onlyKeys(path Path) bool {
	return !slices.ContainsFunc(path, func(step any) bool { _, isKey := step.(string); return !isKey })
}

// twin returns the place in a list of the element that is the same as another state's.
func twin(list []any, element any, place int) int {
	name, named := identity(element)
	if !named && place < len(list) {
		if _, other := identity(list[place]); !other && reflect.DeepEqual(list[place], element) {
			return place
		}
	}
	for i, candidate := range list {
		if other, isNamed := identity(candidate); named && isNamed && reflect.DeepEqual(other, name) {
			return i
		}
		if !named && reflect.DeepEqual(candidate, element) {
			return i
		}
	}
	if named {
		return -1
	}
	return place
}

// identity is what names an element of a list among its neighbours: the keys by which Kubernetes
// merges its lists.
func identity(element any) (any, bool) {
	fields, isMap := element.(map[string]any)
	if !isMap {
		return nil, false
	}
	for _, keys := range [][]string{
		{"name"}, {"containerPort", "protocol"}, {"port", "protocol"}, {"mountPath"}, {"devicePath"}, {"ip"}, {"uid"},
		{"topologyKey", "whenUnsatisfiable"}, {"type"}, {"key"},
	} {
		if first, named := fields[keys[0]]; named {
			values := []any{keys[0], first}
			for _, key := range keys[1:] {
				values = append(values, fields[key])
			}
			return values, true
		}
	}
	return nil, false
}
