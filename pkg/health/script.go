// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/capstan-dev/capstan/pkg/script"
)

// luaRule is a rule in Lua.
type luaRule struct{ *script.Script }

func compile(name, text string, tools *script.Tools) (*luaRule, error) {
	compiled, err := script.Compile(name, text, tools)
	if err != nil {
		return nil, err
	}
	return &luaRule{compiled}, nil
}

func (r *luaRule) run(object map[string]any) (*Health, error) {
	value, err := r.Run(object, nil)
	if err != nil {
		return nil, err
	}
	return result(value)
}

// result is what a script returned. Nothing and an empty table say nothing of the object.
func result(value lua.LValue) (*Health, error) {
	if value == lua.LNil {
		return nil, nil
	}
	table, isTable := value.(*lua.LTable)
	if !isTable {
		return nil, fmt.Errorf("the rule returned a %s; return a table with status and message", value.Type())
	}
	if first, _ := table.Next(lua.LNil); first == lua.LNil {
		return nil, nil
	}
	status, err := textField(table, "status")
	if err != nil {
		return nil, err
	}
	message, err := textField(table, "message")
	if err != nil {
		return nil, err
	}
	if found := Status(status); found.known() {
		return &Health{Status: found, Message: message}, nil
	}
	return &Health{Status: Unknown, Message: "Lua returned an invalid health status"}, nil
}

func textField(table *lua.LTable, name string) (string, error) {
	switch value := table.RawGetString(name).(type) {
	case lua.LString:
		return string(value), nil
	case *lua.LNilType:
		return "", nil
	default:
		return "", fmt.Errorf("the rule returned a %s as %s; return text", value.Type(), name)
	}
}
