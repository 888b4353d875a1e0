// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"encoding/json"
	"reflect"
	"testing"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func TestASpecDigestTellsWhatIsApplied(t *testing.T) {
	t.Parallel()
	plain := gate.SpecDigest(shop().Spec)
	policy := func(spec *argo.ApplicationSpec) *argo.SyncPolicy {
		spec.SyncPolicy = &argo.SyncPolicy{}
		return spec.SyncPolicy
	}
	for sentence, c := range map[string]struct {
		change func(spec *argo.ApplicationSpec)
		tells  bool
	}{
		"a source":                     {func(s *argo.ApplicationSpec) { s.Source.Helm = &argo.ApplicationSourceHelm{Values: "a: 1"} }, true},
		"sources":                      {func(s *argo.ApplicationSpec) { s.Sources = argo.ApplicationSources{{}} }, true},
		"a hydrator":                   {func(s *argo.ApplicationSpec) { s.SourceHydrator = &argo.SourceHydrator{} }, true},
		"the destination":              {func(s *argo.ApplicationSpec) { s.Destination.Server = "https://x" }, true},
		"the project":                  {func(s *argo.ApplicationSpec) { s.Project = "x" }, true},
		"tolerated differences":        {func(s *argo.ApplicationSpec) { s.IgnoreDifferences = argo.IgnoreDifferences{{Kind: "Job"}} }, true},
		"options":                      {func(s *argo.ApplicationSpec) { policy(s).SyncOptions = argo.SyncOptions{"Force=true"} }, true},
		"what a namespace carries":     {func(s *argo.ApplicationSpec) { policy(s).ManagedNamespaceMetadata = &argo.ManagedNamespaceMetadata{} }, true},
		"not automated sync":           {func(s *argo.ApplicationSpec) { policy(s).Automated = &argo.SyncPolicyAutomated{} }, false},
		"not retries":                  {func(s *argo.ApplicationSpec) { policy(s).Retry = &argo.RetryStrategy{} }, false},
		"not what is there for people": {func(s *argo.ApplicationSpec) { s.Info = []argo.Info{{Name: "a"}} }, false},
		"not how long history is":      {func(s *argo.ApplicationSpec) { s.RevisionHistoryLimit = pointer(int64(3)) }, false},
		"not no options in a policy":   {func(s *argo.ApplicationSpec) { policy(s).SyncOptions = argo.SyncOptions{} }, false},
	} {
		app := shop()
		c.change(&app.Spec)
		written, _ := json.Marshal(app.Spec)
		if got := gate.SpecDigest(app.Spec); (got != plain) != c.tells || len(got) != 64 {
			t.Errorf("%s: %s", sentence, got)
		}
		if after, _ := json.Marshal(app.Spec); string(after) != string(written) {
			t.Errorf("%s: the spec was changed to %s", sentence, after)
		}
	}
	app := shop()
	app.Spec.Source.Helm = &argo.ApplicationSourceHelm{ValuesObject: &argo.JSON{Raw: []byte("{")}}
	if got := gate.SpecDigest(app.Spec); got != "" {
		t.Errorf("a spec that cannot be encoded has the digest %s", got)
	}
}

func TestAPlanDigestTellsEveryField(t *testing.T) {
	t.Parallel()
	// printf '{"application":{"name":"","spec":"","uid":""},"destination":{},"kind":"","number":0}' | sha256sum
	const sorted = "sha256:b8330e7ee4851c70977db4c18a5296e58045df96ef1c391940bca85c79fbcacd"
	plain := gate.PlanDigest(capstan.PlanSpec{})
	if plain != sorted {
		t.Errorf("an empty Plan has the digest %s, want that of its canonical JSON %s", plain, sorted)
	}
	fields := reflect.TypeFor[capstan.PlanSpec]()
	for i := range fields.NumField() {
		var spec capstan.PlanSpec
		fill(reflect.ValueOf(&spec).Elem().Field(i))
		if gate.PlanDigest(spec) == plain {
			t.Errorf("%s does not show in the digest", fields.Field(i).Name)
		}
	}
}

// fill sets a value, and one of what it is made of, to something else than zero.
func fill(value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		value.SetString("x")
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int32, reflect.Int64:
		value.SetInt(1)
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
	case reflect.Struct:
		fill(value.Field(0))
	}
}
