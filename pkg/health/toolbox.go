// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// toolbox holds the functions that a script may call. There is none that reaches a file, the
// network, another script or the process, and none that loads code. It never changes, and all
// runs share its functions, though never the tables that hold them.
type toolbox struct {
	globals   map[string]lua.LValue
	libraries map[string]map[string]lua.LValue
	// states are interpreters at rest; they hold no globals, only room to work.
	states sync.Pool
}

// newToolbox takes the harmless functions of the interpreter's libraries and puts metered ones
// in place of those that can ask for much memory or time in one instruction.
func newToolbox() (*toolbox, error) {
	donor := lua.NewState(lua.Options{SkipOpenLibs: true})
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		if err := donor.CallByParam(lua.P{Fn: donor.NewFunction(open), Protect: true}); err != nil {
			return nil, fmt.Errorf("open the libraries of health rules: %w", err)
		}
	}
	own := func(functions map[string]lua.LGFunction) map[string]lua.LValue {
		values := make(map[string]lua.LValue, len(functions))
		for name, function := range functions {
			values[name] = donor.NewFunction(function)
		}
		return values
	}
	tools := &toolbox{
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
func (t *toolbox) take(into map[string]lua.LValue, donor *lua.LState, library string, names ...string) {
	for _, name := range names {
		into[name] = donor.GetField(donor.GetGlobal(library), name)
	}
}

// borrow returns an interpreter that the meter stops; its stack and call depth are bounded.
func (t *toolbox) borrow(cost *meter) *lua.LState {
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
func (t *toolbox) giveBack(state *lua.LState) {
	state.SetTop(0)
	state.RemoveContext()
	state.SetMetatable(lua.LString(""), lua.LNil)
	t.states.Put(state)
}

// globalsFor returns a fresh table with the globals that a script mentions.
func (t *toolbox) globalsFor(state *lua.LState, needed needs) *lua.LTable {
	globals := state.CreateTable(0, len(needed.names)+1)
	for name := range needed.names {
		if function, found := t.globals[name]; found {
			globals.RawSetString(name, function)
		}
		functions, found := t.libraries[name]
		if !found {
			continue
		}
		library := state.CreateTable(0, len(functions))
		for member, function := range functions {
			library.RawSetString(member, function)
		}
		globals.RawSetString(name, library)
		if name == "string" {
			methods := state.CreateTable(0, 1)
			methods.RawSetString("__index", library)
			state.SetMetatable(lua.LString(""), methods)
		}
	}
	return globals
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
