// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

const (
	// maxValues bounds what a script returns, and maxNesting how deep: a table may hold itself.
	maxValues  = 200_000
	maxNesting = 64
	// maxWhole is the greatest number up to which Lua tells all whole numbers apart.
	maxWhole = 1 << 53
)

// Value returns a Lua value as a JSON value. Lua knows one kind of table and one of number: where
// they leave open what is meant, like, a value at the same place, decides. A table without entries is
// otherwise an object.
func Value(value lua.LValue, like any) (any, error) {
	read := reader{}
	return read.value(value, like, 0)
}

type reader struct{ values int }

func (r *reader) value(value lua.LValue, like any, depth int) (any, error) {
	if r.values++; r.values > maxValues || depth > maxNesting {
		return nil, errors.New("the script returned too much, or a table that holds itself")
	}
	switch v := value.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LString:
		return string(v), nil
	case lua.LNumber:
		return number(float64(v), like)
	case *lua.LTable:
		return r.table(v, like, depth)
	}
	return nil, fmt.Errorf("the script returned a %s; return tables, text, numbers and booleans", value.Type())
}

// number keeps a whole number that Lua cannot tell from its neighbours as it was.
func number(value float64, like any) (any, error) {
	whole, isWhole := like.(int64)
	switch {
	case math.IsNaN(value), math.IsInf(value, 0):
		return nil, errors.New("the script returned a number that is none")
	case isWhole && float64(whole) == value:
		return whole, nil
	case value == math.Trunc(value) && math.Abs(value) <= maxWhole:
		return int64(value), nil
	}
	return value, nil
}

func (r *reader) table(table *lua.LTable, like any, depth int) (any, error) {
	_, wasList := like.([]any)
	first, _ := table.Next(lua.LNil)
	switch {
	case first == lua.LNil && wasList:
		return []any{}, nil
	case first == lua.LNil:
		return map[string]any{}, nil
	case first.Type() == lua.LTNumber:
		return r.list(table, like, depth)
	}
	return r.object(table, like, depth)
}

func (r *reader) list(table *lua.LTable, like any, depth int) (any, error) {
	olds, _ := like.([]any)
	list := make([]any, 0, table.Len())
	for i := 1; i <= table.Len(); i++ {
		var old any
		if i <= len(olds) {
			old = olds[i-1]
		}
		item, err := r.value(table.RawGetInt(i), old, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	entries := 0
	table.ForEach(func(lua.LValue, lua.LValue) { entries++ })
	if entries != len(list) {
		return nil, errors.New("the script returned a list with gaps, or with names in it")
	}
	return list, nil
}

func (r *reader) object(table *lua.LTable, like any, depth int) (any, error) {
	olds, _ := like.(map[string]any)
	object := map[string]any{}
	var failed error
	table.ForEach(func(key, value lua.LValue) {
		name, isText := key.(lua.LString)
		if failed != nil {
			return
		}
		if !isText {
			failed = fmt.Errorf("the script returned a table with a %s as a name", key.Type())
			return
		}
		object[string(name)], failed = r.value(value, olds[string(name)], depth+1)
	})
	return object, failed
}
