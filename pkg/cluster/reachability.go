// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// failuresToLose is how many calls in a row must fail before a cluster counts as lost.
	failuresToLose = 3
	minRetry       = time.Second
	maxRetry       = time.Minute
)

// errUnauthorized stands for every answer 401.
var errUnauthorized = errors.New("the cluster refuses the credentials")

// reachability is the circuit breaker of one cluster: it notes how calls end, and lets
// none through to a cluster that is lost until it is time to try again.
type reachability struct {
	cluster string

	mu        sync.Mutex
	connected bool
	reachable bool
	since     time.Time
	lastErr   error
	failures  int
	attempts  int
	retryAt   time.Time
}

// note takes the outcome of one call.
func (r *reachability) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.failures, r.retryAt = 0, time.Time{}
		r.turn(true, nil)
		return
	}
	r.failures++
	r.turn(false, err)
	if r.failures >= failuresToLose && r.connected {
		r.connected = false
		r.backOff()
	}
}

// lost takes a failed attempt to connect.
func (r *reachability) lost(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connected = false
	r.turn(false, err)
	r.backOff()
}

// established takes a successful attempt to connect.
func (r *reachability) established() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connected, r.failures, r.attempts, r.retryAt = true, 0, 0, time.Time{}
	r.turn(true, nil)
}

// admit reports whether the cluster is connected; where it is not, it returns an
// *UnreachableError unless an attempt to connect is due.
func (r *reachability) admit() (connected bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.connected || !time.Now().Before(r.retryAt) {
		return r.connected, nil
	}
	return false, r.unreachable()
}

// failing returns an *UnreachableError where the last attempt to connect failed.
func (r *reachability) failing() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempts == 0 {
		return nil
	}
	return r.unreachable()
}

func (r *reachability) unreachable() error {
	return &UnreachableError{Cluster: r.cluster, Since: r.since, RetryAt: r.retryAt, Err: r.lastErr}
}

func (r *reachability) turn(reachable bool, err error) {
	if r.since.IsZero() || r.reachable != reachable {
		r.since = time.Now()
	}
	r.reachable, r.lastErr = reachable, steady(err)
}

// steady takes out of a network error the local port, which differs each time although
// nothing else does.
func steady(err error) error {
	var network *net.OpError
	if !errors.As(err, &network) || network.Source == nil {
		return err
	}
	return &net.OpError{Op: network.Op, Net: network.Net, Addr: network.Addr, Err: network.Err}
}

func (r *reachability) backOff() {
	delay := min(minRetry<<min(r.attempts, 10), maxRetry)
	r.attempts++
	r.retryAt = time.Now().Add(delay/2 + rand.N(delay/2))
}

// observed notes the outcome of every call through next.
type observed struct {
	next http.RoundTripper
	note func(error)
}

// RoundTrip notes an answer or a failure, but not a call that its caller gave up.
func (o observed) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(request)
	switch {
	case err != nil && !errors.Is(request.Context().Err(), context.Canceled):
		o.note(err)
	case err == nil && response.StatusCode == http.StatusUnauthorized:
		o.note(errUnauthorized)
	case err == nil:
		o.note(nil)
	}
	return response, err
}

// WrappedRoundTripper lets connections be closed through o.
func (o observed) WrappedRoundTripper() http.RoundTripper { return o.next }
