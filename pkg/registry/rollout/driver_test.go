// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// patching lets everybody do all but patch workloads, of which only some may be patched, as resource and name.
type patching string

func (p patching) Authorize(_ context.Context, asked authorizer.Attributes) (authorizer.Decision, string, error) {
	name := fmt.Sprintf("%s.%s/%s/%s", asked.GetResource(), asked.GetAPIGroup(), asked.GetNamespace(), asked.GetName())
	if asked.GetVerb() == "patch" && name != string(p) {
		return authorizer.DecisionNoOpinion, "no rule", nil
	}
	return authorizer.DecisionAllow, "", nil
}

const (
	mine   = "{metadata: {name: web, namespace: default}, spec: {workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: mine}}}"
	theirs = "{metadata: {name: web, namespace: default}, spec: {workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: theirs}}}"
	daemon = "{metadata: {name: web, namespace: default}, spec: {workloadRef: {apiVersion: apps/v1, kind: DaemonSet, name: mine}}}"
	away   = "{metadata: {name: web, namespace: default, annotations: {capstan.dev/cluster: east}}, " +
		"spec: {workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: theirs}}}"
	copied  = "{metadata: {name: web, namespace: default}, spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: theirs}}}"
	unnamed = "{metadata: {name: web, namespace: default}, spec: {workloadRef: {apiVersion: apps/v1, kind: StatefulSet, name: ''}}}"
)

func TestAWorkloadIsDrivenForWhoMayPatchIt(t *testing.T) {
	t.Parallel()
	guard := driver{patching("statefulsets.apps/default/mine")}
	for name, test := range map[string]struct {
		before, after string
		own, refused  bool
	}{
		"who may creates":                             {after: mine},
		"who may patch another creates":               {after: theirs, refused: true},
		"who may patch another kind creates":          {after: daemon, refused: true},
		"the server itself creates":                   {after: theirs, own: true},
		"it is another cluster's":                     {after: away},
		"only its template is read":                   {after: copied},
		"none is named":                               {after: unnamed},
		"the workload stays":                          {before: theirs, after: theirs},
		"one is named for the first time":             {before: unnamed, after: theirs, refused: true},
		"one whose template was read is to be driven": {before: copied, after: theirs, refused: true},
		"the Rollout goes":                            {before: theirs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := asAlice(t)
			if test.own {
				ctx = registry.WithOwn(ctx)
			}
			err := judged(ctx, t, guard, test.before, test.after)
			if apierrors.IsForbidden(err) != test.refused || !test.refused && err != nil {
				t.Fatalf("error %v, want one: %v", err, test.refused)
			}
			if test.refused && !strings.Contains(err.Error(), "kubectl auth can-i patch ") {
				t.Errorf("the error does not say what it needs: %v", err)
			}
		})
	}
}

// judged is what a guard says of a Rollout before and after; "" is none.
func judged(ctx context.Context, t *testing.T, guard registry.Guard, before, after string) error {
	t.Helper()
	switch {
	case before == "":
		return guard.Judge(ctx, nil, registrytest.Decode(t, after, &v1alpha1.Rollout{}))
	case after == "":
		return guard.Judge(ctx, registrytest.Decode(t, before, &v1alpha1.Rollout{}), nil)
	default:
		return guard.Judge(ctx, registrytest.Decode(t, before, &v1alpha1.Rollout{}),
			registrytest.Decode(t, after, &v1alpha1.Rollout{}))
	}
}

func TestTheServedRolloutsAskWhoMayPatchAWorkload(t *testing.T) {
	t.Parallel()
	storages, _ := served(t, patching("statefulsets.apps/default/mine"), updating)
	rollouts, is := storages["rollouts"].(rest.Creater)
	if !is {
		t.Fatalf("rollouts are served by a %T", storages["rollouts"])
	}
	created := func(manifest string) error {
		_, err := rollouts.Create(asAlice(t), registrytest.Decode(t, manifest, &v1alpha1.Rollout{}), rest.ValidateAllObjectFunc,
			&metav1.CreateOptions{})
		return err
	}
	if err := created(theirs); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(),
		`to replace the pods of StatefulSet "theirs" needs the right to patch it; see: kubectl auth can-i patch `+
			`statefulsets.apps/theirs -n default: no rule`) {
		t.Errorf("error %v", err)
	}
	if err := created(mine); err != nil {
		t.Error(err)
	}
}
