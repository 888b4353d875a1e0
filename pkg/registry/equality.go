// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"math"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Equality compares specifications by what they mean.
type Equality struct {
	equalities conversion.Equalities
}

// NewEquality returns an Equality that compares times by their instant and opaque JSON by its value, whatever the order
// of its keys and the spelling of its numbers. An absent list or map differs from an empty one.
func NewEquality() Equality {
	return Equality{equalities: conversion.EqualitiesOrDie(
		func(a, b metav1.Time) bool { return a.Equal(&b) },
		sameJSON,
	)}
}

// Same says whether two values mean the same.
func (e Equality) Same(a, b any) bool {
	return e.equalities.DeepEqualWithNilDifferentFromEmpty(a, b)
}

// sameJSON compares two JSON texts by their values; a text that is no JSON equals only itself.
func sameJSON(a, b v1alpha1.JSON) bool {
	if bytes.Equal(a.Raw, b.Raw) {
		return true
	}
	var left, right any
	if utiljson.Unmarshal(a.Raw, &left) != nil || utiljson.Unmarshal(b.Raw, &right) != nil {
		return false
	}
	return reflect.DeepEqual(plain(left), plain(right))
}

// plain writes whole floating point numbers as integers, in place, so that 1.0 equals 1.
func plain(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, item := range typed {
			typed[key] = plain(item)
		}
	case []any:
		for index, item := range typed {
			typed[index] = plain(item)
		}
	case float64:
		if whole := int64(typed); math.Abs(typed) < 1<<53 && float64(whole) == typed {
			return whole
		}
	}
	return value
}

// KeepSpec gives an updated object the stored specification back where both mean the same, so that a write that says
// nothing new stores nothing new, and returns whether it did.
func KeepSpec[T any](equality Equality, updated, current *T) bool {
	if !equality.Same(*updated, *current) {
		return false
	}
	*updated = *current
	return true
}
