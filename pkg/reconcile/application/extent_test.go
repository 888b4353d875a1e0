// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func TestARunOfAnyLengthCanBeStored(t *testing.T) {
	t.Parallel()
	const etcdTakes = 1536 << 10
	long := strings.Repeat("ü", 4<<10)
	done := &run{startedAt: testTime.Time, finished: testTime.Time, results: map[plan.HookID]outcome{}}
	hook := plan.HookID{Key: keyOf("hook"), Phase: plan.PostSync}
	for i := range 20_000 {
		result := apply.Result{Status: apply.Synced}
		if i%10 == 0 {
			result = apply.Result{Status: apply.SyncFailed, Message: long, Err: errors.New(long)}
		}
		key := manifest.Key{Group: "g.example.com", Kind: "Widget", Namespace: strings.Repeat("n", 63), Name: fmt.Sprint(i)}
		done.record(plan.Change{Key: key, Version: "v1", Action: plan.Apply, Reason: plan.Missing}, result, nil)
	}
	done.put(hook, outcome{hook: true, phase: v1alpha1.OperationSucceeded})
	app := &v1alpha1.Application{}
	status := fold(v1alpha1.ApplicationStatus{}, observation{app: app, run: done, now: testTime})
	record := (&Reconciler{}).syncRun(&pass{app: app}, done)

	for name, object := range map[string]any{"status": status, "record": record} {
		data, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > etcdTakes {
			t.Errorf("the %s takes %d bytes, etcd takes %d", name, len(data), etcdTakes)
		}
	}
	shown := status.OperationState.SyncResult.Resources
	if shown[0].Name != "hook" || len(record.Status.Resources) <= len(shown) {
		t.Errorf("the first is %q, of %d in the status and %d in the record",
			shown[0].Name, len(shown), len(record.Status.Resources))
	}
	for _, entry := range shown[1:] {
		if entry.Status != v1alpha1.ResultCodeSyncFailed {
			t.Fatalf("there is no room for %s, which is %s, as long as there are others that failed", entry.Name, entry.Status)
		}
	}
}
