// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestJSONKeepsTheTextOfAValue(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a number keeps its decimals":    `1.0`,
		"a number keeps all its digits":  `12345678901234567890123`,
		"an object keeps its order":      `{"b":1,"a":{"d":null,"c":[]}}`,
		"a list keeps its nulls":         `[null,{},""]`,
		"a string keeps its escapes":     `"\u00e9\n"`,
		"false is kept":                  `false`,
		"null is kept":                   `null`,
		"an empty object is not dropped": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var value v1alpha1.JSON
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != text {
				t.Errorf("wrote %s, want %s", got, text)
			}
		})
	}
}

func TestJSONSharesNoMemory(t *testing.T) {
	t.Parallel()
	text := []byte(`{"a":1}`)
	var value v1alpha1.JSON
	if err := value.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	duplicate := value.DeepCopy()
	text[2], value.Raw[2] = 'x', 'y'
	if got := string(duplicate.Raw); got != `{"a":1}` {
		t.Errorf("the copy became %s", got)
	}
	if got := string(value.Raw); got != `{"y":1}` {
		t.Errorf("the value became %s", got)
	}
}
