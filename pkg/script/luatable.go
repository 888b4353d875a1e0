// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	// slotBytes is what one place of a list takes.
	slotBytes = 16
	// freeIndex is the index up to which a list grows without being charged for its gaps.
	freeIndex = 64
)

// tableFunctions is Lua's table library.
func tableFunctions(donor *lua.LState) map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"concat": joinTable,
		"insert": metered(donor, "table", "insert", insertCost),
		"remove": metered(donor, "table", "remove", positionCost),
		"sort": metered(donor, "table", "sort", func(l *lua.LState) int {
			return l.CheckTable(1).Len() * bytesPerStep
		}),
	}
}

// index returns an index that something is assigned to, after paying for the gap that the
// interpreter would fill: it keeps a list without holes up to its last index.
func index(l *lua.LState) int {
	key := l.Get(1)
	if number, isNumber := key.(lua.LNumber); isNumber {
		payIndex(l, float64(number))
	}
	l.Push(key)
	return 1
}

func payIndex(l *lua.LState, number float64) {
	if number > freeIndex {
		spend(l, int(min(number, maxSteps*bytesPerStep))*slotBytes)
	}
}

func insertCost(l *lua.LState) int {
	if l.GetTop() < 3 {
		return slotBytes
	}
	position, length := float64(l.CheckNumber(2)), l.CheckTable(1).Len()
	if position > float64(length)+1 {
		payIndex(l, position)
	}
	return length * slotBytes
}

func positionCost(l *lua.LState) int {
	if l.GetTop() < 2 {
		return 0
	}
	return l.CheckTable(1).Len() * slotBytes
}

// listCost is the cost of putting a whole list on the stack.
func listCost(l *lua.LState) int {
	first, last := l.OptInt(2, 1), l.OptInt(3, l.CheckTable(1).Len())
	if last < first {
		return 0
	}
	return saturated(bytesPerStep, last-first+1)
}

// joinTable is table.concat, without the detour over the stack that limits its length.
func joinTable(l *lua.LState) int {
	table, separator := l.CheckTable(1), l.OptString(2, "")
	first, last := max(l.OptInt(3, 1), 1), min(l.OptInt(4, table.Len()), table.Len())
	var text strings.Builder
	for i := first; i <= last; i++ {
		value := table.RawGetInt(i)
		if !lua.LVCanConvToString(value) {
			l.RaiseError("invalid value (%s) at index %d in table for concat", value.Type(), i)
		}
		part := lua.LVAsString(value)
		if i > first {
			part = separator + part
		}
		spend(l, len(part)+bytesPerStep)
		text.WriteString(part)
	}
	l.Push(lua.LString(text.String()))
	return 1
}
