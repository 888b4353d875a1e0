// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
)

func TestFence(t *testing.T) {
	t.Parallel()
	// The lease is renewed as the test begins: before that it may wait for others for longer than a lease lasts.
	renewed := func(ago time.Duration) func() *tenure {
		return func() *tenure {
			held, at := &tenure{}, time.Now().Add(-ago)
			held.renewed.Store(&at)
			return held
		}
	}
	for name, test := range map[string]struct {
		tenure func() *tenure
		want   []string
	}{
		"lets a leader read and write":                                            {renewed(retryPeriod), []string{http.MethodGet, http.MethodDelete}},
		"lets those write who belong to no leader":                                {nil, []string{http.MethodGet, http.MethodDelete}},
		"sends no write once the lease was not renewed as long as one may try to": {renewed(renewDeadline), []string{http.MethodGet}},
		"sends no write before the lease is held":                                 {func() *tenure { return &tenure{} }, []string{http.MethodGet}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var got []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, request.Method)
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Success"}`))
			}))
			t.Cleanup(server.Close)
			client, err := kubernetes.NewForConfig(behindFence(&rest.Config{Host: server.URL}))
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if test.tenure != nil {
				ctx = during(ctx, test.tenure())
			}
			pods := client.CoreV1().Pods("argocd")
			_, _ = pods.Get(ctx, "web", metav1.GetOptions{})
			if err := pods.Delete(ctx, "web", metav1.DeleteOptions{}); err != nil && !errors.Is(err, errLapsed) {
				t.Error(err)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("what was sent is %q, want %q", got, test.want)
			}
		})
	}
}

func TestALeaderWorksBehindTheFenceOfItsLease(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	lapsed := make(chan bool, 1)
	one := &leader{client: fake.NewClientset().CoordinationV1(), namespace: "argocd", identity: "one"}
	one.Lead(ctx, func(ctx context.Context) {
		held, _ := ctx.Value(tenureKey{}).(*tenure)
		lapsed <- held == nil || held.lapsed()
		stop()
	})
	if <-lapsed {
		t.Error("it leads, and nothing that it writes would be sent")
	}
}
