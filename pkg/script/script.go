// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// MaxErrorLength bounds the text of a script's error, which a script can make of anything.
const MaxErrorLength = 512

// maxText bounds the text of a script, and so how deep it can nest.
const maxText = 64 << 10

// Script is a compiled script and what it needs to run; it never changes.
type Script struct {
	proto *lua.FunctionProto
	needs needs
	tools *Tools
}

// Compile parses the text of a script. The name appears in errors.
func Compile(name, text string, tools *Tools) (*Script, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the script %s is longer than %d bytes", name, maxText)
	}
	chunk, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, fmt.Errorf("parse the script %s: %w", name, bounded(err))
	}
	found := rewrite(chunk)
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, fmt.Errorf("compile the script %s: %w", name, bounded(err))
	}
	return &Script{proto: proto, needs: found, tools: tools}, nil
}

// Run hands the script an object, as obj, and parameters, as actionParams, and returns the value that it
// returns. The object does not change.
func (s *Script) Run(object map[string]any, parameters map[string]string) (lua.LValue, error) {
	cost := newMeter(time.Now().Add(maxTime))
	state := s.tools.borrow(cost)
	function := state.NewFunctionFromProto(s.proto)
	function.Env = s.tools.globalsFor(state, s.needs)
	function.Env.RawSetString(objectName, s.needs.object(state, object))
	if s.needs.names[parametersName] {
		table := state.CreateTable(0, len(parameters))
		for name, value := range parameters {
			table.RawSetString(name, lua.LString(value))
		}
		function.Env.RawSetString(parametersName, table)
	}
	err := state.CallByParam(lua.P{Fn: function, NRet: 1, Protect: true})
	if cost.err != nil {
		return nil, cost.err
	}
	if err != nil {
		return nil, scriptError(err)
	}
	value := state.Get(-1)
	// A state that an error passed through is not used again.
	s.tools.giveBack(state)
	return value, nil
}

// scriptError is the message of a script's error, without the interpreter's stack.
func scriptError(err error) error {
	message := "the script failed"
	var raised *lua.ApiError
	if errors.As(err, &raised) && raised.Object != nil {
		switch raised.Object.Type() {
		case lua.LTString, lua.LTNumber:
			message += ": " + raised.Object.String()
		default:
			message += " with a " + raised.Object.Type().String()
		}
	}
	return bounded(errors.New(message))
}

func bounded(err error) error {
	message := err.Error()
	if len(message) <= MaxErrorLength {
		return err
	}
	return errors.New(strings.ToValidUTF8(message[:MaxErrorLength], "") + "...")
}
