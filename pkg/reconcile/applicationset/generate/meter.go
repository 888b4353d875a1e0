// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// The bounds of what templates may do. Weights count one for a value and one for each byte
// of text in it.
const (
	// maxOutput is the size of one Application, in bytes; a store takes little more.
	maxOutput = 1 << 20
	// maxSource is the size of one Go template, in bytes: its parser goes as deep as it nests.
	maxSource = 1 << 16
	// maxWeight is the weight of what one function takes, and of what it returns.
	maxWeight = 1 << 18
	// maxWork is what the functions and loops of one Application may weigh together.
	maxWork = 1 << 21
	// maxTotal is the same for all Applications of a set.
	maxTotal = 1 << 28
	// stepWork is the weight of one turn of a loop or one call.
	stepWork = 16
	// maxDepth is how deep values may be nested.
	maxDepth = 100
)

// meter bounds the work and the output of templates.
type meter struct{ left, work, total int }

func newMeter() *meter {
	m := &meter{total: maxTotal}
	m.begin()
	return m
}

// begin allows for one more Application.
func (m *meter) begin() { m.left, m.work = maxOutput, maxWork }

// use counts bytes of output.
func (m *meter) use(bytes int) error {
	if m.left -= bytes; m.left < 0 {
		return fmt.Errorf("the templates give more than %d bytes: make them smaller", maxOutput)
	}
	return nil
}

// spend counts work.
func (m *meter) spend(work int) error {
	m.work -= work
	m.total -= work
	if m.work < 0 || m.total < 0 {
		return errors.New("the templates do more work than allowed: use fewer or shorter loops and smaller values")
	}
	return nil
}

// step is called in each turn of a loop.
func (m *meter) step() (string, error) { return "", m.spend(stepWork) }

// bound weighs a value before it is printed.
func (m *meter) bound(value reflect.Value) (reflect.Value, error) {
	return value, m.weigh(value)
}

// weigh spends the weight of values, and refuses what is too much for one function.
func (m *meter) weigh(values ...reflect.Value) error {
	left := maxWeight
	for _, value := range values {
		if !weighed(value, 0, &left) {
			return fmt.Errorf("a value weighs more than %d bytes or is nested deeper than %d", maxWeight, maxDepth)
		}
	}
	return m.spend(maxWeight - left)
}

// weighed takes the weight of a value from left, as a tree: what is in it twice counts
// twice, and what contains itself is too deep. False says that it does not fit.
func weighed(value reflect.Value, depth int, left *int) bool {
	if *left--; *left < 0 || depth > maxDepth {
		return false
	}
	switch value.Kind() {
	case reflect.String:
		*left -= value.Len()
	case reflect.Interface:
		return weighed(value.Elem(), depth+1, left)
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			if !weighed(value.Index(i), depth+1, left) {
				return false
			}
		}
	case reflect.Map:
		for entries := value.MapRange(); entries.Next(); {
			if !weighed(entries.Key(), depth+1, left) || !weighed(entries.Value(), depth+1, left) {
				return false
			}
		}
	}
	return *left >= 0
}

// output collects what a template prints, as far as the meter allows.
type output struct {
	strings.Builder
	meter *meter
}

// Write takes text, or fails where it is too much.
func (o *output) Write(text []byte) (int, error) {
	if err := o.meter.use(len(text)); err != nil {
		return 0, err
	}
	return o.Builder.Write(text)
}

// WriteString is Write for strings.
func (o *output) WriteString(text string) (int, error) {
	if err := o.meter.use(len(text)); err != nil {
		return 0, err
	}
	return o.Builder.WriteString(text)
}
