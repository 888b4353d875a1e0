// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// functions are what Go templates can call: Sprig's that depend on their arguments alone,
// and Argo CD's own. Left out are those that look at the server's environment, and those
// that answer differently each time or take long by design (the clock, random values, keys,
// certificates, ciphers): each pass would make another Application of the same parameters.
func (m *meter) functions() template.FuncMap {
	all := sprig.HermeticTxtFuncMap()
	for _, name := range []string{
		"env", "expandenv", "getHostByName",
		"now", "ago", "uuidv4", "shuffle", "randInt", "randBytes", "bcrypt", "htpasswd", "derivePassword",
		"encryptAES", "decryptAES", "genPrivateKey", "buildCustomCert", "genCA", "genCAWithKey",
		"genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
	} {
		delete(all, name)
	}
	for name, function := range map[string]any{
		"normalize": normalize, "slugify": slugify,
		"toYaml": toYAML, "fromYaml": fromYAML[map[string]any], "fromYamlArray": fromYAML[[]any],
		// The engine's own are here to be metered.
		"print": fmt.Sprint, "println": fmt.Sprintln, "printf": printf,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
	} {
		all[name] = function
	}
	for name, function := range all {
		all[name] = m.metered(function, growth(name))
	}
	all[stepFunction], all[boundFunction] = m.step, m.bound
	return all
}

// growth is the power of the product of its arguments with which a function's result, or
// its work, grows: 0 where it grows with their sum.
func growth(name string) int {
	switch name {
	case "uniq", "mustUniq":
		return 2
	case "repeat", "until", "untilStep", "seq", "indent", "nindent", "replace", "join", "wrap", "wrapWith", "chunk",
		"mustChunk", "without", "mustWithout":
		return 1
	}
	if strings.HasPrefix(name, "regex") || strings.HasPrefix(name, "mustRegex") {
		return 1
	}
	return 0
}

// metered returns function with its arguments and its result weighed.
func (m *meter) metered(function any, power int) any {
	call := reflect.ValueOf(function)
	signature := call.Type()
	in := make([]reflect.Type, 0, signature.NumIn())
	for i := range signature.NumIn() {
		in = append(in, signature.In(i))
	}
	out := []reflect.Type{signature.Out(0), reflect.TypeFor[error]()}
	checked := reflect.FuncOf(in, out, signature.IsVariadic())
	wrapped := reflect.MakeFunc(checked, func(args []reflect.Value) []reflect.Value {
		if err := m.admit(args, power); err != nil {
			return failed(signature.Out(0), err)
		}
		var results []reflect.Value
		if signature.IsVariadic() {
			results = call.CallSlice(args)
		} else {
			results = call.Call(args)
		}
		if err := m.weigh(results[0]); err != nil {
			return failed(signature.Out(0), err)
		}
		if len(results) == 1 {
			results = append(results, reflect.Zero(reflect.TypeFor[error]()))
		}
		return results
	})
	return wrapped.Interface()
}

func failed(result reflect.Type, err error) []reflect.Value {
	return []reflect.Value{reflect.Zero(result), reflect.ValueOf(&err).Elem()}
}

// admit spends the weight of a call's arguments, and their product to a power.
func (m *meter) admit(args []reflect.Value, power int) error {
	if err := m.weigh(args...); err != nil || power == 0 {
		return err
	}
	product := 1
	for range power {
		for _, arg := range args {
			if product *= factor(arg); product > maxWork {
				return errors.New("the arguments are too large together")
			}
		}
	}
	return m.spend(product)
}

// factor is by how much an argument can multiply; at most maxWork+1.
func factor(arg reflect.Value) int {
	size := int64(1)
	switch arg.Kind() {
	case reflect.Interface:
		return factor(arg.Elem())
	case reflect.Int, reflect.Int64:
		size = max(arg.Int(), -max(arg.Int(), -maxWork-1))
	case reflect.String:
		size = int64(arg.Len())
	case reflect.Slice:
		total := 0
		for i := range arg.Len() {
			total += factor(arg.Index(i))
		}
		size = int64(total)
	}
	return int(min(max(size, 1), maxWork+1))
}

// printf refuses widths and precisions that make much of little.
func printf(format string, args ...any) (string, error) {
	digits := 0
	for _, char := range format {
		if char < '0' || char > '9' {
			digits = 0
			continue
		}
		if digits++; digits > 3 {
			return "", errors.New("a width in the format has more than 3 digits")
		}
	}
	if strings.Contains(format, "*") {
		return "", errors.New("a width in the format is *: write the number")
	}
	return fmt.Sprintf(format, args...), nil
}

func toYAML(value any) (string, error) {
	text, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(text), "\n"), err
}

func fromYAML[T any](text string) (T, error) {
	var value T
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}
