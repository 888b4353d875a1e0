// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/resource_customizations"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/action"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/script"
)

const deployment = `{apiVersion: apps/v1, kind: Deployment,
  metadata: {name: web, namespace: shop, uid: d1, resourceVersion: "7", generation: 9007199254740993, finalizers: [],
    managedFields: [{manager: somebody}]},
  spec: {replicas: 1, template: {metadata: {}, spec: {volumes: [{name: v, emptyDir: {}}]}}}, status: {replicas: 1}}`

const cronJob = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: shop, uid: c1},
  spec: {jobTemplate: {metadata: {labels: {a: b}}, spec: {template: {spec: {restartPolicy: Never}}}}}}`

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return o
}

func book(t *testing.T, data map[string]string) *action.Book {
	t.Helper()
	b, err := action.NewBook(func() customization.Set { return customization.Parse(data) })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheCommunitysActionsAreListed(t *testing.T) {
	t.Parallel()
	list, err := book(t, nil).List(object(t, deployment))
	if err != nil {
		t.Fatal(err)
	}
	want := []action.Action{
		{Name: "pause", IconClass: "fa fa-fw fa-pause-circle"},
		{Name: "restart", IconClass: "fa fa-fw fa-redo"},
		{Name: "resume", IconClass: "fa fa-fw fa-play-circle", Disabled: true},
		{Name: "scale", IconClass: "fa fa-fw fa-plus-circle", Params: []action.Param{{Name: "replicas"}}},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestAPatchHoldsWhatTheActionChangesAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		action     string
		parameters map[string]string
		main       string
	}{
		"pause": {"pause", nil, `{"metadata":{"resourceVersion":"7","uid":"d1"},"spec":{"paused":true}}`},
		"scale": {"scale", map[string]string{"replicas": "3"},
			`{"metadata":{"resourceVersion":"7","uid":"d1"},"spec":{"replicas":3}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := object(t, deployment)
			impacts, err := book(t, nil).Run(before, test.action, test.parameters)
			if err != nil || len(impacts) != 1 || impacts[0].Operation != action.Patch {
				t.Fatalf("impacts %v, error %v", impacts, err)
			}
			patches, err := action.PatchesOf(before, impacts[0].Object)
			if err != nil {
				t.Fatal(err)
			}
			if string(patches.Main) != test.main || patches.Status != nil {
				t.Errorf("patches %s and %s, want %s", patches.Main, patches.Status, test.main)
			}
		})
	}
}

func TestAnActionCreatesAChild(t *testing.T) {
	t.Parallel()
	impacts, err := book(t, nil).Run(object(t, cronJob), "create-job", nil)
	if err != nil || len(impacts) != 1 || impacts[0].Operation != action.Create {
		t.Fatalf("impacts %v, error %v", impacts, err)
	}
	job := impacts[0].Object
	owners := job.GetOwnerReferences()
	if job.GetKind() != "Job" || !strings.HasPrefix(job.GetName(), "nightly-") || len(owners) != 1 || owners[0].UID != "c1" {
		t.Errorf("the job is %v", job.Object)
	}
}

func TestUsersActions(t *testing.T) {
	t.Parallel()
	mine := "discovery.lua: return {stamp = {}}\ndefinitions:\n- name: stamp\n  action.lua: |\n" +
		"    obj.status.stamped = actionParams.by\n    return obj\n"
	key := "resource.customizations.actions.apps_Deployment"
	for name, test := range map[string]struct {
		text  string
		names string
	}{
		"replace the community's":  {mine, "stamp"},
		"stand beside where asked": {mine + "mergeBuiltinActions: true\n", "pause restart resume scale stamp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := book(t, map[string]string{key: test.text}).List(object(t, deployment))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, listed := range list {
				names = append(names, listed.Name)
			}
			if got := strings.Join(names, " "); got != test.names {
				t.Errorf("actions %s, want %s", got, test.names)
			}
		})
	}
	t.Run("may write the status, which is a patch of its own", func(t *testing.T) {
		t.Parallel()
		before := object(t, deployment)
		impacts, err := book(t, map[string]string{key: mine}).Run(before, "stamp", map[string]string{"by": "tina"})
		if err != nil {
			t.Fatal(err)
		}
		patches, err := action.PatchesOf(before, impacts[0].Object)
		if want := `{"metadata":{"resourceVersion":"7","uid":"d1"},"status":{"stamped":"tina"}}`; err != nil ||
			patches.Main != nil || string(patches.Status) != want {
			t.Errorf("patches %s and %s, error %v", patches.Main, patches.Status, err)
		}
	})
}

func TestAnActionIsRefused(t *testing.T) {
	t.Parallel()
	evil := func(lua string) map[string]string {
		return map[string]string{"resource.customizations.actions.apps_Deployment": "discovery.lua: return {evil = {}}\n" +
			"definitions:\n- name: evil\n  action.lua: " + lua + "\n"}
	}
	for name, test := range map[string]struct {
		data         map[string]string
		action, says string
	}{
		"that there is not":             {nil, "explode", action.ErrNone.Error()},
		"that leads to another kind":    {nil, "../../StatefulSet/actions/restart", action.ErrNone.Error()},
		"that is disabled":              {nil, "resume", "disabled"},
		"with a parameter that is none": {nil, "scale", "script failed"},
		"that never ends":               {evil("while true do end"), "evil", "passed its limit"},
		"that returns itself":           {evil("obj.me = obj return obj"), "evil", "holds itself"},
		"that returns nothing":          {evil("return nil"), "evil", "returned no object"},
		"that deletes":                  {evil("return {{operation = 'delete', resource = obj}}"), "evil", "create or patch"},
		"that becomes another object":   {evil("obj.metadata.name = 'other' return obj"), "evil", "must leave"},
		"whose YAML is broken": {
			map[string]string{"resource.customizations.actions.apps_Deployment": "[x"}, "pause", "argocd-cm",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := object(t, deployment)
			impacts, err := book(t, test.data).Run(before, test.action, nil)
			if err == nil {
				_, err = action.PatchesOf(before, impacts[0].Object)
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the answer is %v, want one with %q", err, test.says)
			}
			if test.says == action.ErrNone.Error() && !errors.Is(err, action.ErrNone) {
				t.Errorf("%v is not ErrNone", err)
			}
		})
	}
}

// TestEveryCommunityScriptCompiles finds scripts that the sandbox would refuse.
func TestEveryCommunityScriptCompiles(t *testing.T) {
	t.Parallel()
	tools, err := script.NewTools()
	if err != nil {
		t.Fatal(err)
	}
	compiled := 0
	err = fs.WalkDir(resource_customizations.Embedded, ".", func(file string, _ fs.DirEntry, err error) error {
		if base := path.Base(file); err != nil || base != "discovery.lua" && base != "action.lua" {
			return err
		}
		text, err := resource_customizations.Embedded.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := script.Compile(file, string(text), tools); err != nil {
			t.Error(err)
		}
		compiled++
		return nil
	})
	if err != nil || compiled < 100 {
		t.Errorf("%d scripts compile, error %v", compiled, err)
	}
}
