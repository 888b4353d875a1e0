// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestATemplateHasTheFieldsOfAnApplication(t *testing.T) {
	t.Parallel()
	spec := jsonNames(reflect.TypeFor[v1alpha1.ApplicationSpec]())
	template := jsonNames(reflect.TypeFor[v1alpha1.ApplicationSetTemplateSpec]())
	if diff := cmp.Diff(spec, template); diff != "" {
		t.Errorf("fields (-ApplicationSpec +ApplicationSetTemplateSpec):\n%s", diff)
	}
}

func jsonNames(structure reflect.Type) []string {
	names := make([]string, 0, structure.NumField())
	for i := range structure.NumField() {
		name, _, _ := strings.Cut(structure.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
