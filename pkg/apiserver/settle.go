// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxProblems bounds the answer to an object that is wrong at very many places: joining their texts takes the square of
// their number.
const maxProblems = 20

// settlement goes through an object that a client wrote before its Go type takes it. That would take a null in a list
// for an empty value, and add one where a field is left out that it always writes; the peers'
// CustomResourceDefinitions reject both, and so do we. They drop a null in a map and take 2.0 for 2: so do we.
type settlement struct {
	// applied says that the object is a configuration to apply: it leaves out what others own, but for items of lists,
	// which are whole. A null in it is left out as well: it would be taken for a change each time.
	applied  bool
	listed   int
	problems field.ErrorList
}

// settle returns an object of a shape as its Go type can hold it, and whether that is another text. It fails where
// there is no such text, naming the fields.
func settle(body []byte, of *shape, applied bool) ([]byte, bool, error) {
	s := &settlement{applied: applied}
	settled, differs := s.value(body, of, nil)
	return settled, differs, s.problems.ToAggregate()
}

func (s *settlement) refuse(problem *field.Error) {
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, problem)
	}
}

// value returns a JSON value as its Go type can hold it, and whether that is another text.
func (s *settlement) value(raw json.RawMessage, of *shape, at *field.Path) (json.RawMessage, bool) {
	if of == nil || isNull(raw) {
		return raw, false
	}
	switch of.kind {
	case reflect.Struct:
		return s.object(raw, of, at)
	case reflect.Slice:
		return s.list(raw, of, at)
	case reflect.Map:
		return s.dictionary(raw, of, at)
	case reflect.String:
		return s.time(raw, at)
	default:
		return whole(raw)
	}
}

func (s *settlement) object(raw json.RawMessage, of *shape, at *field.Path) (json.RawMessage, bool) {
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return s.mistyped(raw, at, "write an object, such as {...}")
	}
	changed := false
	for _, member := range of.fields {
		value, found := values[member.name]
		switch empty := !found || isNull(value); {
		case empty && member.written && (!s.applied || s.listed > 0):
			s.refuse(field.Required(at.Child(member.name), "give it a value"))
		case empty && found && s.applied:
			delete(values, member.name)
			changed = true
		case !empty && member.shape != nil:
			if settled, differs := s.value(value, member.shape, at.Child(member.name)); differs {
				values[member.name], changed = settled, true
			}
		}
	}
	return rewritten(raw, values, changed)
}

func (s *settlement) list(raw json.RawMessage, of *shape, at *field.Path) (json.RawMessage, bool) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return s.mistyped(raw, at, "write a list, such as [...]")
	}
	s.listed++
	defer func() { s.listed-- }()
	changed := false
	for i, item := range items {
		if !of.nullable && isNull(item) {
			s.refuse(field.Invalid(at.Index(i), "null", "take it off the list or give it a value"))
		}
		if of.items == nil {
			continue
		}
		if settled, differs := s.value(item, of.items, at.Index(i)); differs {
			items[i], changed = settled, true
		}
	}
	return rewritten(raw, items, changed)
}

func (s *settlement) dictionary(raw json.RawMessage, of *shape, at *field.Path) (json.RawMessage, bool) {
	var items map[string]json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return s.mistyped(raw, at, "write an object, such as {...}")
	}
	changed := false
	for key, item := range items {
		if isNull(item) && !of.nullable {
			delete(items, key)
			changed = true
		} else if settled, differs := s.value(item, of.items, at.Key(key)); differs {
			items[key], changed = settled, true
		}
	}
	return rewritten(raw, items, changed)
}

// mistyped refuses a value of another type, as the decoder would, but by its full path.
func (s *settlement) mistyped(raw json.RawMessage, at *field.Path, advice string) (json.RawMessage, bool) {
	if at != nil { // What is no object at all has no path.
		s.refuse(field.TypeInvalid(at, field.OmitValueType{}, advice))
	}
	return raw, false
}

// time requires a date and time. The first second of the calendar is Kubernetes' null.
func (s *settlement) time(raw json.RawMessage, at *field.Path) (json.RawMessage, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw, false
	}
	value, err := time.Parse(time.RFC3339, text)
	if err != nil {
		s.refuse(field.Invalid(at, field.OmitValueType{}, "write a date and time, such as 2026-01-02T03:04:05Z"))
	}
	if err == nil && value.IsZero() {
		return json.RawMessage("null"), true
	}
	return raw, false
}

// rewritten returns the text of a value that was changed, and else the text as it was: it may name a field twice, which
// is for the decoder to say.
func rewritten(raw json.RawMessage, value any, changed bool) (json.RawMessage, bool) {
	if !changed {
		return raw, false
	}
	text, err := json.Marshal(value)
	if err != nil {
		return raw, false
	}
	return text, true
}

// whole writes a number that has no fraction as an integer.
func whole(raw json.RawMessage) (json.RawMessage, bool) {
	if !bytes.ContainsAny(raw, ".eE") {
		return raw, false
	}
	number, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || number != math.Trunc(number) || math.Abs(number) >= 1<<53 {
		return raw, false
	}
	return strconv.AppendInt(nil, int64(number), 10), true
}

func isNull(raw json.RawMessage) bool {
	return string(raw) == "null"
}
