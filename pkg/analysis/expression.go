// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// The bounds of an expression, which tenants write. An honest one stays far below.
const (
	longestExpression = 10_000
	mostNodes         = 1_000
	mostElements      = 1_000_000
)

var errLongExpression = fmt.Errorf("the expression has more than %d characters", longestExpression)

// evaluate returns the value of an expression, or fails if it passes a bound.
func evaluate(expression string, env map[string]any) (value any, err error) {
	if len(expression) > longestExpression {
		return nil, errLongExpression
	}
	defer func() {
		// What our functions, or the library, do with a value that they cannot take.
		if problem := recover(); problem != nil {
			value, err = nil, fmt.Errorf("the expression cannot be evaluated: %v", problem)
		}
	}()
	// Nothing is computed while compiling, where no bound holds.
	options := append(newMeter().options(), expr.Env(env), expr.MaxNodes(mostNodes), expr.Optimize(false))
	program, err := expr.Compile(expression, options...)
	if err != nil {
		return nil, plain(err)
	}
	machine := vm.VM{MemoryBudget: mostElements}
	value, err = machine.Run(program, env)
	if err != nil {
		return nil, plain(err)
	}
	return value, nil
}

// plain returns an error without the drawing of the expression that the library adds.
func plain(err error) error {
	var located *file.Error
	if errors.As(err, &located) {
		return errors.New(located.Message)
	}
	return err
}

// Time returns the time that an expression says, such as now() - duration("5m").
func Time(expression string) (time.Time, error) {
	value, err := evaluate(expression, map[string]any{})
	if err != nil {
		return time.Time{}, err
	}
	at, isTime := value.(time.Time)
	if !isTime {
		return time.Time{}, fmt.Errorf("the expression is a %T, not a time", value)
	}
	return at, nil
}
