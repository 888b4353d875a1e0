// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func TestASyncOfWhatAnotherApplicationTracks(t *testing.T) {
	t.Parallel()
	shared := change("a", plan.None, plan.Shared)
	shared.Owner = "other"
	part := midway()
	part.operation.Sync.Resources = []v1alpha1.SyncOperationResource{{Kind: "ConfigMap", Name: "b"}}
	for name, c := range map[string]struct {
		options []string
		claimed []live.Object
		run     *run
		want    string
	}{
		"goes on without the object":         {nil, nil, midway(), ""},
		"fails where the options say so":     {[]string{"FailOnSharedResource=true"}, nil, midway(), "ConfigMap/a is part of applications other"},
		"but not for what it does not touch": {[]string{"FailOnSharedResource=true"}, nil, part, ""},
		"fails where a hook would be run over it": {
			nil, []live.Object{{Key: keyOf("h"), Application: "other"}}, midway(), "hook ConfigMap/h is part of application other",
		},
		"goes on where it runs no hooks": {nil, []live.Object{{Key: keyOf("h"), Application: "other"}}, part, ""},
	} {
		app := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{SyncPolicy: &v1alpha1.SyncPolicy{SyncOptions: c.options}}}
		p := &pass{app: app, plan: &plan.Plan{Changes: []plan.Change{shared}}, claimed: c.claimed}
		if got := conflict(p, c.run); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestLocalManifests(t *testing.T) {
	t.Parallel()
	got, err := local([]string{`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`})
	if err != nil || len(got.Manifests) != 1 || got.Manifests[0].Name != "a" || got.Digest.IsZero() {
		t.Errorf("read %+v, %v", got, err)
	}
	for text, want := range map[string]string{"": "manifests[0] is not one object", "[]": "not one object", "{kind: X}": "has no apiVersion"} {
		if _, err := local([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, want %q", text, err, want)
		}
	}
}

func TestEventsReadAsThePeers(t *testing.T) {
	t.Parallel()
	done := midway()
	if got := begun(done); got != "Initiated automated sync to 'one'" {
		t.Error(got)
	}
	done.operation.InitiatedBy = v1alpha1.OperationInitiator{Username: "tina"}
	if got := begun(done); got != "tina initiated sync to one" {
		t.Error(got)
	}
	if got := completed(done); got != "Sync operation to one succeeded" {
		t.Error(got)
	}
	done.operation.Sync.Resources = []v1alpha1.SyncOperationResource{{}}
	done.failed, done.message = true, "no"
	if got := completed(done); got != "Partial sync operation to one failed: no" {
		t.Error(got)
	}
}
