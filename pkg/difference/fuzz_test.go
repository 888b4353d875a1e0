// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/difference"
)

func FuzzRules(f *testing.F) {
	f.Add("/spec/replicas", ".spec.list[] | select(.name == \"a\") | .value", `{"spec":{"replicas":1,"list":[{"name":"a"}]}}`)
	f.Add("/spec/list/0", "..", `{"spec":{"list":[1,[2],{"name":"a"},{"name":"a"}]}}`)
	f.Add("/~1", ".[0:1]?, .a?", `{"/":{"":[]}}`)
	f.Fuzz(func(t *testing.T, pointer, expression, text string) {
		rules, err := difference.Compile(v1alpha1.IgnoreDifferences{{
			Kind: "*", JSONPointers: []string{pointer}, JQPathExpressions: []string{expression},
		}})
		wanted := &unstructured.Unstructured{}
		if err != nil || wanted.UnmarshalJSON([]byte(`{"apiVersion":"v1","kind":"A","metadata":{"name":"a"},"x":`+text+`}`)) != nil {
			return
		}
		kept, err := rules.Keep(wanted, wanted)
		if err != nil {
			return
		}
		if same, err := rules.Same(kept, wanted); err == nil && !same {
			t.Errorf("an object differs from itself: %v", kept.Object)
		}
	})
}
