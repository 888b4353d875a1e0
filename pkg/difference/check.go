// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/itchyny/gojq"
)

const (
	// maxLength is how many characters an expression may have.
	maxLength = 2000
	// maxMade is how many lists, objects and alternatives an expression may have: each can
	// multiply the size of what the one before it made.
	maxMade = 12
)

// allowed are the functions of jq that select and compare; all end, and none builds a value much
// larger than its input.
const allowed = ` select/1 not/0 any/0 any/1 any/2 all/0 all/1 all/2 has/1 contains/1 inside/1 IN/1 IN/2
 test/1 test/2 startswith/1 endswith/1 ltrimstr/1 rtrimstr/1 ascii_downcase/0 ascii_upcase/0 split/1
 tostring/0 tonumber/0 length/0 type/0 keys/0 to_entries/0 from_entries/0 map/1 first/0 first/1 last/0 last/1
 nth/1 getpath/1 paths/0 recurse/0 empty/0 true/0 false/0 null/0 index/1 isempty/1
 arrays/0 objects/0 iterables/0 booleans/0 numbers/0 strings/0 nulls/0 values/0 scalars/0 `

// check refuses what could keep an interpreter busy or fill its memory: who writes an expression may
// be anybody who may write an Application.
func check(parsed *gojq.Query) error {
	walk := checker{}
	if err := walk.value(reflect.ValueOf(parsed)); err != nil {
		return err
	}
	if walk.made > maxMade {
		return fmt.Errorf("the expression has more than %d lists, objects and commas", maxMade)
	}
	return nil
}

type checker struct{ made int }

func (c *checker) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if err := c.node(v.Interface()); err != nil {
			return err
		}
		return c.value(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if err := c.value(v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := c.value(v.Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) node(node any) error {
	switch part := node.(type) {
	case *gojq.FuncDef:
		return errors.New("functions cannot be defined here")
	case *gojq.Import:
		return errors.New("nothing can be imported here")
	case *gojq.Reduce, *gojq.Foreach, *gojq.Label:
		return errors.New("loops are not allowed here")
	case *gojq.Func:
		return function(part)
	case *gojq.String:
		if len(part.Queries) > 0 {
			return errors.New("texts cannot be put together here")
		}
	case *gojq.Term:
		if part.Format != "" {
			return fmt.Errorf("the format %s is not allowed here", part.Format)
		}
	case *gojq.Array, *gojq.Object:
		c.made++
	case *gojq.Query:
		return c.operator(part.Op)
	}
	return nil
}

func function(called *gojq.Func) error {
	name := fmt.Sprintf("%s/%d", called.Name, len(called.Args))
	variable := strings.HasPrefix(called.Name, "$") && called.Name != "$ENV"
	if variable || strings.Contains(allowed, " "+name+" ") || strings.Contains(allowed, " "+name+"\n") {
		return nil
	}
	return fmt.Errorf("the function %s is not allowed here", name)
}

func (c *checker) operator(op gojq.Operator) error {
	switch op {
	case 0, gojq.OpPipe, gojq.OpAnd, gojq.OpOr, gojq.OpAlt,
		gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		return nil
	case gojq.OpComma:
		c.made++
		return nil
	}
	return fmt.Errorf("the operator %s is not allowed here", op)
}
