// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// tenure is the time in which a replica leads. A process that was stopped goes on in the middle of a step, when another
// one leads already: what it would write then is not sent.
type tenure struct {
	// renewed is when the request was begun that renewed the lease last.
	renewed atomic.Pointer[time.Time]
}

// lapsed reports that nobody renewed the lease for as long as a leader may try to. Others wait for the lease to run
// out, which takes longer.
func (t *tenure) lapsed() bool {
	renewed := t.renewed.Load()
	return renewed == nil || ranOut(*renewed, time.Now())
}

// ranOut reports that the deadline has passed by either clock: the monotonic one stands still while a machine is
// suspended, and the other one can be set.
func ranOut(renewed, now time.Time) bool {
	return now.Sub(renewed) >= renewDeadline || now.Round(0).Sub(renewed.Round(0)) >= renewDeadline
}

// noting is a lock that tells a tenure when the lease was renewed.
type noting struct {
	resourcelock.Interface
	tenure *tenure
}

func (n noting) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	begun := time.Now()
	return n.note(begun, n.Interface.Create(ctx, record))
}

func (n noting) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	begun := time.Now()
	return n.note(begun, n.Interface.Update(ctx, record))
}

func (n noting) note(begun time.Time, err error) error {
	if err == nil {
		n.tenure.renewed.Store(&begun)
	}
	return err
}

type tenureKey struct{}

// during returns a context whose writes end with a tenure.
func during(ctx context.Context, t *tenure) context.Context {
	return context.WithValue(ctx, tenureKey{}, t)
}

// errLapsed is the answer to what a replica would write that leads no more.
var errLapsed = errors.New("this replica may lead no more: what it began is for the next leader to do")

// fenced sends no write of a tenure that has lapsed. Requests that belong to none pass: every replica answers callers.
type fenced struct{ next http.RoundTripper }

func fence(next http.RoundTripper) http.RoundTripper { return fenced{next} }

// RoundTrip sends a request on.
func (f fenced) RoundTrip(request *http.Request) (*http.Response, error) {
	leading, led := request.Context().Value(tenureKey{}).(*tenure)
	if !led || request.Method == http.MethodGet || !leading.lapsed() {
		return f.next.RoundTrip(request)
	}
	if request.Body != nil {
		return nil, errors.Join(errLapsed, request.Body.Close())
	}
	return nil, errLapsed
}

// WrappedRoundTripper returns what is fenced.
func (f fenced) WrappedRoundTripper() http.RoundTripper { return f.next }

// behindFence returns a copy of a config whose clients are fenced.
func behindFence(config *rest.Config) *rest.Config {
	fencedOff := rest.CopyConfig(config)
	fencedOff.Wrap(fence)
	return fencedOff
}
