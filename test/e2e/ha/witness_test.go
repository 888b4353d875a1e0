// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/capstan-dev/capstan/test/harness/world"
)

// keep does something again and again until the function that it returns is called, which
// fails the story where it failed once.
func (s *story) keep(pause time.Duration, doing func(ctx context.Context) error) (done func()) {
	ending := make(chan struct{})
	var working sync.WaitGroup
	var failures []string
	good := 0
	working.Go(func() {
		for {
			err := doing(s.Context())
			switch {
			case s.Context().Err() != nil:
				return
			case err != nil:
				failures = append(failures, time.Now().Format(time.TimeOnly)+" "+err.Error())
			default:
				good++
			}
			select {
			case <-ending:
				return
			case <-time.After(pause):
			}
		}
	})
	return func() {
		s.Helper()
		close(ending)
		working.Wait()
		if len(failures) > 0 || good == 0 {
			s.Errorf("it failed %d times, and went well %d times:\n%s", len(failures), good, strings.Join(failures, "\n"))
		}
	}
}

// call asks the hub for the Applications again and again.
func (s *story) call() (answers func()) {
	s.Helper()
	hub := s.dial(s.config())
	return s.keep(20*time.Millisecond, func(ctx context.Context) error {
		_, err := hub.get(ctx, applications)
		return err
	})
}

// holders writes down who holds the lease, one after another, until it is called.
func (s *story) holders() (seen func() []string) {
	s.Helper()
	client, err := coordinationclient.NewForConfig(s.config())
	s.OK(err)
	watch, err := client.Leases(argocd).Watch(s.Context(), metav1.SingleObject(metav1.ObjectMeta{Name: lease}))
	s.OK(err)
	var holders []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for event := range watch.ResultChan() {
			object, isLease := event.Object.(*coordinationv1.Lease)
			if !isLease || object.Spec.HolderIdentity == nil {
				continue
			}
			if holder := *object.Spec.HolderIdentity; len(holders) == 0 || holders[len(holders)-1] != holder {
				holders = append(holders, holder)
			}
		}
	}()
	return func() []string {
		watch.Stop()
		<-ended
		return holders
	}
}

// holds writes down that somebody holds the lease, or that nobody ("") does.
func (s *story) holds(holder string) {
	s.Helper()
	s.Kubectl(s.hub, "patch", "lease", lease, "-n", argocd, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"holderIdentity":%q}}`, holder))
}

// writes lists what the server did to the ConfigMaps of the destination, as their cluster's audit log says.
func (s *story) writes() []string {
	s.Helper()
	log, err := os.ReadFile(stage.Plane.Clusters[world.Hub].AuditLog)
	s.OK(err)
	var did []string
	for line := range bytes.Lines(log) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // It is being written, for a request that nobody here waited for.
		}
		var event struct {
			Verb      string
			User      struct{ Username string }
			ObjectRef struct{ Resource, Namespace string }
		}
		s.OK(json.Unmarshal(line, &event))
		if event.User.Username == "system:serviceaccount:argocd:capstan" &&
			event.ObjectRef.Resource == "configmaps" && event.ObjectRef.Namespace == s.name &&
			!slices.Contains([]string{"get", "list", "watch"}, event.Verb) {
			did = append(did, event.Verb)
		}
	}
	return did
}

// did compares what Capstan did to the ConfigMap, by the hub's own audit log, with what it
// should have done: nothing twice, and nothing else.
func (s *story) did(want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, s.writes()); diff != "" {
		s.Errorf("requests to the ConfigMap (-want +got):\n%s", diff)
	}
	uid := s.Kubectl(s.hub, "get", "configmap", "config", "-n", s.name, "-o", "jsonpath={.metadata.uid}")
	if uid != s.uid {
		s.Error("the ConfigMap was deleted and made again")
	}
}

// recorded waits until the SyncRuns of the Application are these, by what triggered them.
func (s *story) recorded(want ...string) {
	s.Helper()
	slices.Sort(want)
	s.Until(s.hub, func(out string) bool {
		got := strings.Fields(out)
		slices.Sort(got)
		return slices.Equal(want, got)
	}, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name="+s.name,
		"-o", "jsonpath={.items[*].spec.trigger}")
}
