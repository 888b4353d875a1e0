// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// randomness notes which functions of templates have another result each time.
type randomness struct {
	// ahead is how far the clock of the templates is ahead.
	ahead  time.Duration
	called map[string]bool
}

func newRandomness(ahead time.Duration) *randomness {
	return &randomness{ahead: ahead, called: map[string]bool{}}
}

func (r *randomness) names() []string { return slices.Sorted(maps.Keys(r.called)) }

// functions returns what takes the place of functions of helm.
func (r *randomness) functions() template.FuncMap {
	own := sprig.TxtFuncMap()
	functions := template.FuncMap{}
	for _, name := range []string{
		"randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle", "uuidv4",
		"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
		"genSignedCertWithKey", "encryptAES", "bcrypt", "htpasswd",
	} {
		functions[name] = r.noting(name, own[name])
	}
	functions["now"] = func() time.Time {
		r.called["now"] = true
		return time.Now().Add(r.ahead)
	}
	functions["ago"] = func(then any) string {
		r.called["ago"] = true
		now := time.Now().Add(r.ahead)
		at := now
		switch given := then.(type) {
		case time.Time:
			at = given
		case int64:
			at = time.Unix(given, 0)
		case int:
			at = time.Unix(int64(given), 0)
		}
		return now.Sub(at).Round(time.Second).String()
	}
	// Helm gives these in any order; one of them is as good, and always the same.
	functions["keys"] = sortedKeys
	functions["values"] = func(of map[string]any) []any {
		var all []any
		for _, key := range sortedKeys(of) {
			all = append(all, of[key])
		}
		return all
	}
	return functions
}

func sortedKeys(of ...map[string]any) []string {
	keys := []string{}
	for _, one := range of {
		keys = append(keys, slices.Sorted(maps.Keys(one))...)
	}
	return keys
}

// noting wraps a function of any form.
func (r *randomness) noting(name string, function any) any {
	inner := reflect.ValueOf(function)
	return reflect.MakeFunc(inner.Type(), func(arguments []reflect.Value) []reflect.Value {
		r.called[name] = true
		if inner.Type().IsVariadic() {
			return inner.CallSlice(arguments)
		}
		return inner.Call(arguments)
	}).Interface()
}

// otherTime is far enough that every part of a date is another.
const otherTime = (400*24+25)*time.Hour + 61*time.Minute + 7*time.Second

// instability renders once more where functions were called that have another result each
// time, and says what became different.
func (t *templating) instability(first *output) (string, error) {
	if len(t.called) == 0 {
		return "", nil
	}
	called := t.called
	second := &output{limits: first.limits}
	if err := t.run(second, newRandomness(otherTime)); err != nil {
		return "", err
	}
	differing := differences(first, second)
	if len(differing) == 0 {
		return "", nil
	}
	// A password that was made for one Application is not for another one.
	_ = t.work.pipe.variable("ARGOCD_APP_NAME")
	return strings.Join(differing, ", ") + " differ with each render, because templates call " +
		strings.Join(called, ", "), nil
}

func differences(first, second *output) []string {
	const most = 10
	if len(first.objects) != len(second.objects) {
		return []string{"the objects"}
	}
	var names []string
	for i, object := range first.objects {
		if bytes.Equal(object, second.objects[i]) {
			continue
		}
		if len(names) == most {
			return append(names, "and others")
		}
		names = append(names, describe(object))
	}
	return names
}

func describe(object []byte) string {
	made, err := fromCanonical(object)
	if err != nil {
		return "an object"
	}
	return made.Kind + " " + made.Name
}
