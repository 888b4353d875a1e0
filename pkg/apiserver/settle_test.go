// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
)

func TestWhatAClientWroteIsSettled(t *testing.T) {
	t.Parallel()
	scheme := install.NewScheme()
	shapes := newShapes(scheme)
	for name, test := range map[string]struct {
		kind    string
		applied bool
		written string
		settled string
		fields  []string
	}{
		"nothing is done to what fits": {
			kind:    "AppProject",
			written: `{"spec": {"roles": [{"name": ""}], "sourceRepos": [], "description": null}, "else": 1.0}`,
			settled: `{"spec": {"roles": [{"name": ""}], "sourceRepos": [], "description": null}, "else": 1.0}`,
		},
		"a null in a list is refused": {
			kind:    "AppProject",
			written: `{"spec": {"sourceRepos": ["a", null], "destinations": [null]}}`,
			fields:  []string{"spec.destinations[0]", "spec.sourceRepos[1]"},
		},
		"a field that is always written may not be left out": {
			kind:    "AppProject",
			written: `{"spec": {"roles": [{}], "signatureKeys": [{"keyID": null}]}}`,
			fields:  []string{"spec.roles[0].name", "spec.signatureKeys[0].keyID"},
		},
		"a value of another type is refused where it is": {
			kind:    "AppProject",
			written: `{"spec": {"destinations": ["*"], "sourceRepos": {"a": "b"}, "roles": [{"name": "a", "policies": "p"}]}}`,
			fields:  []string{"spec.destinations[0]", "spec.sourceRepos", "spec.roles[0].policies"},
		},
		"an object in the place of a list is refused": {
			kind:    "ApplicationSet",
			written: `{"spec": {"generators": {"list": []}}}`,
			fields:  []string{"spec.generators"},
		},
		"a specification that is none is refused": {
			kind:    "Application",
			written: `{"spec": "..."}`,
			fields:  []string{"spec"},
		},
		"a null in a map is dropped": {
			kind:    "Application",
			written: `{"spec": {"source": {"kustomize": {"commonLabels": {"a": null, "b": "c"}}}}}`,
			settled: `{"spec": {"source": {"kustomize": {"commonLabels": {"b": "c"}}}}}`,
		},
		"any JSON is kept as it is": {
			kind:    "Application",
			written: `{"spec": {"source": {"helm": {"valuesObject": {"b": 1.0, "a": [null], "c": null}}}}}`,
			settled: `{"spec": {"source": {"helm": {"valuesObject": {"b": 1.0, "a": [null], "c": null}}}}}`,
		},
		"a whole number loses its fraction": {
			kind:    "Rollout",
			written: `{"spec": {"replicas": 2.0, "minReadySeconds": 3e1, "revisionHistoryLimit": 1.5}}`,
			settled: `{"spec": {"minReadySeconds": 30, "replicas": 2, "revisionHistoryLimit": 1.5}}`,
		},
		"a time that is none is refused": {
			kind:    "Rollout",
			written: `{"spec": {"restartAt": "soon"}}`,
			fields:  []string{"spec.restartAt"},
		},
		"the first second of the calendar is no time": {
			kind:    "Rollout",
			written: `{"spec": {"restartAt": "0001-01-01T00:00:00Z"}}`,
			settled: `{"spec": {"restartAt": null}}`,
		},
		"metadata and status are left alone": {
			kind:    "AppProject",
			written: `{"metadata": {"finalizers": [null]}, "spec": {}, "status": {"jwtTokensByRole": {"a": null}}}`,
			settled: `{"metadata": {"finalizers": [null]}, "spec": {}, "status": {"jwtTokensByRole": {"a": null}}}`,
		},
		"a configuration to apply leaves out what others own": {
			kind: "Rollout", applied: true,
			written: `{"spec": {"strategy": {"blueGreen": {"autoPromotionSeconds": 1.0}}}}`,
			settled: `{"spec": {"strategy": {"blueGreen": {"autoPromotionSeconds": 1}}}}`,
		},
		"an item of a list is applied as a whole": {
			kind: "AppProject", applied: true,
			written: `{"spec": {"roles": [{"description": "no name"}]}}`,
			fields:  []string{"spec.roles[0].name"},
		},
		"a null is not applied": {
			kind: "ApplicationSet", applied: true,
			written: `{"spec": {"template": null, "generators": [{"list": null}]}}`,
			settled: `{"spec": {"generators": [{}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object, err := scheme.New(v1alpha1.SchemeGroupVersion.WithKind(test.kind))
			if err != nil {
				t.Fatal(err)
			}
			settlement := &settlement{applied: test.applied}
			got, _ := settlement.value([]byte(test.written), shapes.of(object), nil)
			var fields []string
			for _, problem := range settlement.problems {
				fields = append(fields, problem.Field)
			}
			less := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			if diff := cmp.Diff(test.fields, fields, less); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s", diff)
			}
			if test.fields != nil {
				return
			}
			if diff := cmp.Diff(compact(t, []byte(test.settled)), compact(t, got)); diff != "" {
				t.Errorf("settled (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheAnswerToAnObjectThatIsWrongAtManyPlacesIsShort(t *testing.T) {
	t.Parallel()
	written := `{"spec": {"destinations": [` + strings.Repeat(`null, {"name": null}, `, 1_000) + `null]}}`
	of := newShapes(install.NewScheme()).of(&v1alpha1.AppProject{})
	_, _, err := settle([]byte(written), of, false)
	if err == nil || len(err.Error()) > 10_000 {
		t.Errorf("it is answered by an error of %d bytes: %.200v", len(fmt.Sprint(err)), err)
	}
}

// compact returns a JSON text without spaces: numbers and the order of keys stay as they are.
func compact(t *testing.T, text []byte) string {
	t.Helper()
	var short bytes.Buffer
	if err := json.Compact(&short, text); err != nil {
		t.Fatal(err)
	}
	return short.String()
}
