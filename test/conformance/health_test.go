// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/health"
)

// healthCase is a live object and how it is rated, without the rule that an object being
// deleted is Progressing.
type healthCase struct {
	Name  string                    `json:"name"`
	Input unstructured.Unstructured `json:"input"`
	Want  health.Health             `json:"want"`
}

func runHealth(t *testing.T, lines [][]byte) {
	rules, err := health.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		var c healthCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Errorf("line %d: %v", i+1, err)
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, err := rules.Assess(&c.Input)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.Want, got); diff != "" {
				t.Errorf("health differs (-want +got):\n%s", diff)
			}
		})
	}
}
