// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// maxErrorLength bounds the text of a script's error, which a script can make of anything.
const maxErrorLength = 512

// script is a compiled rule and what it needs to run; it never changes.
type script struct {
	proto *lua.FunctionProto
	needs needs
	tools *toolbox
}

// compile parses the text of a rule. The name appears in errors.
func compile(name, text string, tools *toolbox) (*script, error) {
	chunk, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, fmt.Errorf("parse the health rule %s: %w", name, err)
	}
	found := rewrite(chunk)
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, fmt.Errorf("compile the health rule %s: %w", name, err)
	}
	return &script{proto: proto, needs: found, tools: tools}, nil
}

// run rates the object with globals of its own: no run sees anything of another.
func (s *script) run(object map[string]any) (*Health, error) {
	cost := newMeter(time.Now().Add(maxTime))
	state := s.tools.borrow(cost)
	function := state.NewFunctionFromProto(s.proto)
	function.Env = s.tools.globalsFor(state, s.needs)
	function.Env.RawSetString(objectName, s.needs.object(state, object))
	err := state.CallByParam(lua.P{Fn: function, NRet: 1, Protect: true})
	if cost.err != nil {
		return nil, cost.err
	}
	if err != nil {
		return nil, scriptError(err)
	}
	health, err := result(state.Get(-1))
	// A state that an error passed through is not used again.
	s.tools.giveBack(state)
	return health, err
}

// scriptError is the message of a script's error, without the interpreter's stack.
func scriptError(err error) error {
	message := "the rule failed"
	var raised *lua.ApiError
	if errors.As(err, &raised) && raised.Object != nil {
		switch raised.Object.Type() {
		case lua.LTString, lua.LTNumber:
			message += ": " + raised.Object.String()
		default:
			message += " with a " + raised.Object.Type().String()
		}
	}
	if len(message) > maxErrorLength {
		message = strings.ToValidUTF8(message[:maxErrorLength], "") + "..."
	}
	return errors.New(message)
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
	switch found := Status(status); found {
	case Healthy, Suspended, Progressing, Missing, Degraded, Unknown:
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
