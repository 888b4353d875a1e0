// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

const (
	objectName     = "obj"
	parametersName = "actionParams"
	managedFields  = "managedFields"
)

// needs is what a script mentions: the names of globals, and of the object's fields. A run
// provides no more than that, since turning an object into Lua values is most of its cost.
type needs struct {
	names  map[string]bool
	fields map[string]bool
	// whole is set where the script uses the object other than by a field's name.
	whole bool
	// managed is set where the script mentions metadata.managedFields, which are large.
	managed bool
	// ordered is set where the order of an object's keys can be seen.
	ordered bool
}

func newNeeds() needs {
	return needs{
		names:  map[string]bool{concatName: true, indexName: true},
		fields: map[string]bool{},
	}
}

func (n *needs) name(name string) {
	n.names[name] = true
	n.whole = n.whole || name == objectName
	n.ordered = n.ordered || name == "pairs" || name == "next"
}

func (n *needs) text(text string) { n.managed = n.managed || text == managedFields }

func (n *needs) field(name string) { n.fields[name] = true }

// object returns the part of an object that the script can read, as a Lua table.
func (n *needs) object(state *lua.LState, object map[string]any) lua.LValue {
	table := state.CreateTable(0, len(object))
	for name, value := range object {
		if !n.whole && !n.fields[name] {
			continue
		}
		if metadata, isMap := value.(map[string]any); isMap && name == "metadata" && !n.managed {
			value = without(metadata, managedFields)
		}
		table.RawSetString(name, n.value(state, value))
	}
	return table
}

func without(object map[string]any, name string) map[string]any {
	if _, found := object[name]; !found {
		return object
	}
	rest := maps.Clone(object)
	delete(rest, name)
	return rest
}

// value returns a JSON value as a Lua value (as Argo CD 3.5: util/lua/lua.go; nulls in a list
// are left out).
func (n *needs) value(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case int:
		return lua.LNumber(v)
	case int32:
		return lua.LNumber(v)
	case []any:
		table := state.CreateTable(len(v), 0)
		for _, item := range v {
			table.Append(n.value(state, item))
		}
		return table
	case map[string]any:
		return n.table(state, v)
	}
	return lua.LNil
}

func (n *needs) table(state *lua.LState, object map[string]any) *lua.LTable {
	table := state.CreateTable(0, len(object))
	if !n.ordered {
		for name, value := range object {
			table.RawSetString(name, n.value(state, value))
		}
		return table
	}
	// Lua walks keys in the order in which they came; a message must not change with it.
	for _, name := range slices.Sorted(maps.Keys(object)) {
		table.RawSetString(name, n.value(state, object[name]))
	}
	return table
}
