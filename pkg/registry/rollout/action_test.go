// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// notes are the Events that were told.
type notes struct{ texts []string }

func (n *notes) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	n.texts = append(n.texts, reason+": "+fmt.Sprintf(note, args...))
}

// open leaves production unguarded.
type openGate struct{}

func (openGate) Override(context.Context, *v1alpha1.Rollout, user.Info) error { return nil }

// unread has a host cluster that does not answer.
type unread struct{}

var errUnread = errors.New("no answer")

func (unread) Sets(context.Context, *v1alpha1.Rollout) ([]appsv1.ReplicaSet, error) {
	return nil, errUnread
}

// served returns the subresources over an etcd with one Rollout of a status, and what they tell.
func served(t *testing.T, decide authorizer.UnconditionalAuthorizer, status string) (map[string]rest.Storage, *notes) {
	t.Helper()
	told := &notes{}
	scheme, getter := registrytest.NewStorage(t)
	storages, err := (&Provider{
		Scheme: scheme, Revisions: unread{}, Gate: openGate{}, Recorder: told, Authorizer: decide,
	}).Storage(getter)
	if err != nil {
		t.Fatal(err)
	}
	main, isMain := storages["rollouts"].(*registry.GuardedREST)
	if !isMain {
		t.Fatalf("rollouts are served by a %T", storages["rollouts"])
	}
	t.Cleanup(main.Destroy)
	if _, err = main.Create(registrytest.Context(t), registrytest.Decode(t, stored, &v1alpha1.Rollout{}),
		rest.ValidateAllObjectFunc, &metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err = write(registry.WithOwn(registrytest.Context(t)), t, storages, status, nil); err != nil {
		t.Fatal(err)
	}
	return storages, told
}

// write replaces the status.
func write(ctx context.Context, t *testing.T, storages map[string]rest.Storage, status string, dryRun []string) error {
	t.Helper()
	surface, isUpdater := storages["rollouts/status"].(rest.Updater)
	if !isUpdater {
		t.Fatalf("rollouts/status is served by a %T", storages["rollouts/status"])
	}
	info := rest.DefaultUpdatedObjectInfo(nil, func(_ context.Context, _, old runtime.Object) (runtime.Object, error) {
		rollout := registry.As[*v1alpha1.Rollout](old.DeepCopyObject())
		rollout.Status = v1alpha1.RolloutStatus{}
		return registrytest.Decode(t, status, rollout), nil
	})
	_, _, err := surface.Update(ctx, "guestbook", info, rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc,
		false, &metav1.UpdateOptions{DryRun: dryRun})
	return err
}

func act(t *testing.T, storages map[string]rest.Storage, name string, body runtime.Object, dryRun []string) error {
	t.Helper()
	creater, isCreater := storages["rollouts/"+name].(rest.NamedCreater)
	if !isCreater {
		t.Fatalf("rollouts/%s is served by a %T", name, storages["rollouts/"+name])
	}
	_, err := creater.Create(asAlice(t), "guestbook", body, rest.ValidateAllObjectFunc, &metav1.CreateOptions{DryRun: dryRun})
	return err
}

func asAlice(t *testing.T) context.Context {
	t.Helper()
	return genericapirequest.WithUser(registrytest.Context(t), &user.DefaultInfo{Name: "alice"})
}

const (
	updating = `{status: {observedGeneration: "1", currentPodHash: b, stableRS: a}}`
	taken    = `{status: {observedGeneration: "1", currentPodHash: b, stableRS: a, abort: true}}`
)

func TestWhoeverAsksIsTold(t *testing.T) {
	t.Parallel()
	storages, told := served(t, authorizerfactory.NewAlwaysAllowAuthorizer(), updating)
	everything := []string{metav1.DryRunAll}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(act(t, storages, "abort", &v1alpha1.RolloutAbort{}, everything))
	must(write(asAlice(t), t, storages, taken, everything))
	must(act(t, storages, "abort", &v1alpha1.RolloutAbort{}, nil))
	must(act(t, storages, "retry", &v1alpha1.RolloutRetry{}, nil))
	must(write(asAlice(t), t, storages, taken, nil))
	must(write(asAlice(t), t, storages, taken, nil))
	must(write(registry.WithOwn(asAlice(t)), t, storages, updating, nil))
	must(act(t, storages, "promote", &v1alpha1.RolloutPromote{Full: true}, nil))
	want := []string{
		"RolloutActionRequested: alice asked for: abort", "RolloutActionRequested: alice asked for: retry",
		"RolloutActionRequested: alice asked for: abort", "RolloutActionRequested: alice asked for: promote in full",
	}
	if diff := cmp.Diff(want, told.texts); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
}

func TestNothingIsWrittenAndToldWhereRightsCannotBeTold(t *testing.T) {
	t.Parallel()
	for name, decide := range map[string]authorizer.UnconditionalAuthorizer{
		"denied":  authorizerfactory.NewAlwaysDenyAuthorizer(),
		"unknown": failing{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storages, told := served(t, decide, updating)
			err := write(asAlice(t), t, storages, taken, nil)
			if err == nil || !strings.Contains(err.Error(), "create rollouts/abort in namespace "+registrytest.Namespace) {
				t.Errorf("error %v", err)
			}
			if err := act(t, storages, "retry", &v1alpha1.RolloutRetry{}, nil); err == nil {
				t.Error("the refused write is stored")
			}
			if len(told.texts) > 0 {
				t.Errorf("it is told: %q", told.texts)
			}
		})
	}
}

// failing cannot tell, and says yes.
type failing struct{}

func (failing) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionAllow, "", errUnread
}

func TestWhatCannotBeReadIsNotUndone(t *testing.T) {
	t.Parallel()
	storages, told := served(t, authorizerfactory.NewAlwaysAllowAuthorizer(), updating)
	if err := act(t, storages, "undo", &v1alpha1.RolloutUndo{}, nil); !errors.Is(err, errUnread) {
		t.Errorf("error %v, want that of the host cluster", err)
	}
	if len(told.texts) > 0 {
		t.Errorf("it is told: %q", told.texts)
	}
}
