// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
)

// environment is what a condition can use beside what the language has.
func environment(result any) map[string]any {
	return map[string]any{
		"result":  result,
		"asInt":   asInt,
		"asFloat": asFloat,
		"isNaN":   math.IsNaN,
		"isInf":   func(number float64) bool { return math.IsInf(number, 0) },
		"isNil":   isNil,
		"default": orElse,
	}
}

// asInt is the whole number of a number or of a text.
func asInt(value any) (int64, error) {
	switch typed := value.(type) {
	case string:
		return strconv.ParseInt(typed, 10, 64)
	case float64:
		return int64(typed), nil
	case int:
		return int64(typed), nil
	case int64:
		return typed, nil
	default:
		return 0, fmt.Errorf("asInt() not supported on type %T", value)
	}
}

// asFloat is the number of a number or of a text.
func asFloat(value any) (float64, error) {
	switch typed := value.(type) {
	case string:
		return strconv.ParseFloat(typed, 64)
	case float64:
		return typed, nil
	case int:
		return float64(typed), nil
	case int64:
		return float64(typed), nil
	default:
		return 0, fmt.Errorf("asFloat() not supported on type %T", value)
	}
}

// isNil is true of what is null, or a pointer to nothing.
func isNil(value any) bool {
	if value == nil {
		return true
	}
	if reflected := reflect.ValueOf(value); reflected.Kind() == reflect.Pointer {
		return reflected.IsNil()
	}
	return false
}

// orElse is a value, or the other where there is none.
func orElse(value, other any) any {
	if isNil(value) {
		return other
	}
	return value
}

// isEmpty is true of what is null and of a list or text without anything in it.
func isEmpty(value any) bool {
	if isNil(value) {
		return true
	}
	switch reflected := reflect.ValueOf(value); reflected.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return reflected.Len() == 0
	default:
		return false
	}
}
