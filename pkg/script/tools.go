// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Tools holds the functions that a script may call. There is none that reaches a file, the
// network, another script or the process, and none that loads code. It never changes, and all
// runs share its functions, though never the tables that hold them.
type Tools struct {
	globals   map[string]lua.LValue
	libraries map[string]map[string]lua.LValue
	// states are interpreters at rest; they hold no globals, only room to work.
	states sync.Pool
}

// NewTools takes the harmless functions of the interpreter's libraries and puts metered ones
// in place of those that can ask for much memory or time in one instruction.
func NewTools() (*Tools, error) {
	donor := lua.NewState(lua.Options{SkipOpenLibs: true})
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		if err := donor.CallByParam(lua.P{Fn: donor.NewFunction(open), Protect: true}); err != nil {
			return nil, fmt.Errorf("open the libraries of scripts: %w", err)
		}
	}
	own := func(functions map[string]lua.LGFunction) map[string]lua.LValue {
		values := make(map[string]lua.LValue, len(functions))
		for name, function := range functions {
			values[name] = donor.NewFunction(function)
		}
		return values
	}
	tools := &Tools{
		globals: own(map[string]lua.LGFunction{
			concatName: concat, indexName: index, "unpack": metered(donor, "_G", "unpack", listCost),
		}),
		libraries: map[string]map[string]lua.LValue{
			"string": own(stringFunctions(donor)),
			"table":  own(tableFunctions(donor)),
			"os":     own(osFunctions()),
			"math":   {},
		},
	}
	tools.take(tools.globals, donor, "_G", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall",
		"rawequal", "rawget", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall")
	tools.take(tools.libraries["math"], donor, "math", "abs", "ceil", "exp", "floor", "fmod", "huge", "log", "max",
		"min", "modf", "pi", "pow", "sqrt")
	tools.take(tools.libraries["table"], donor, "table", "getn", "maxn")
	tools.take(tools.libraries["string"], donor, "string", "len", "sub")
	return tools, nil
}

// take copies functions of the interpreter's library as they are.
func (t *Tools) take(into map[string]lua.LValue, donor *lua.LState, library string, names ...string) {
	for _, name := range names {
		into[name] = donor.GetField(donor.GetGlobal(library), name)
	}
}

// borrow returns an interpreter that the meter stops; its stack and call depth are bounded.
func (t *Tools) borrow(cost *meter) *lua.LState {
	state, pooled := t.states.Get().(*lua.LState)
	if !pooled {
		state = lua.NewState(lua.Options{
			SkipOpenLibs:        true,
			CallStackSize:       200,
			MinimizeStackMemory: true,
			RegistrySize:        256,
			RegistryMaxSize:     64 * 1024,
			RegistryGrowStep:    1024,
		})
	}
	state.SetContext(cost)
	return state
}

// giveBack keeps an interpreter for the next run, without anything of this one.
func (t *Tools) giveBack(state *lua.LState) {
	state.SetTop(0)
	state.RemoveContext()
	state.SetMetatable(lua.LString(""), lua.LNil)
	t.states.Put(state)
}

// globalsFor returns a fresh table with the globals that a script mentions.
func (t *Tools) globalsFor(state *lua.LState, needed needs) *lua.LTable {
	globals := state.CreateTable(0, len(needed.names)+1)
	for name := range needed.names {
		if function, found := t.globals[name]; found {
			globals.RawSetString(name, function)
		}
		if library := t.library(state, name); library != nil {
			globals.RawSetString(name, library)
		}
	}
	if needed.names[requireName] {
		globals.RawSetString(requireName, state.NewFunction(t.require))
	}
	return globals
}

// library returns a fresh table with the functions of a library, nil where there is none of the name. That
// of string is where methods of text are found, too.
func (t *Tools) library(state *lua.LState, name string) *lua.LTable {
	functions, found := t.libraries[name]
	if !found {
		return nil
	}
	library := state.CreateTable(0, len(functions))
	for member, function := range functions {
		library.RawSetString(member, function)
	}
	if name == "string" {
		methods := state.CreateTable(0, 1)
		methods.RawSetString("__index", library)
		state.SetMetatable(lua.LString(""), methods)
	}
	return library
}

// requireName is the function by which scripts get a library that they could use without.
const requireName = "require"

// require returns one of the libraries that there are, and loads nothing.
func (t *Tools) require(l *lua.LState) int {
	name := l.CheckString(1)
	spend(l, len(name)+bytesPerStep*len(t.libraries[name]))
	library := t.library(l, name)
	if library == nil {
		l.RaiseError("there is no module %q", name)
		return 0
	}
	l.Push(library)
	return 1
}

// metered is a function of the interpreter that first pays the bytes that cost returns.
func metered(donor *lua.LState, library, name string, cost func(*lua.LState) int) lua.LGFunction {
	function, isFunction := donor.GetField(donor.GetGlobal(library), name).(*lua.LFunction)
	return func(l *lua.LState) int {
		if !isFunction {
			l.RaiseError("the interpreter has no %s.%s", library, name)
			return 0
		}
		spend(l, cost(l))
		return function.GFunction(l)
	}
}
