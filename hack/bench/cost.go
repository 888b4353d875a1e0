// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// cost is what the server spent.
type cost struct {
	// CPU is in seconds, of the server and its workers.
	CPU float64 `json:"cpuSeconds"`
	// Calls are the requests to the destination by verb, Host those to the hosting cluster;
	// watches are left out, they stay open.
	Calls map[string]int `json:"calls"`
	Host  map[string]int `json:"hostCalls"`
	// Writes are those to Capstan's own store by resource, without what the client created.
	Writes  map[string]int `json:"writes"`
	Renders int            `json:"renders"`
	// Bytes went over the wire between the server and the destination, both ways.
	Bytes  int    `json:"bytes"`
	Memory memory `json:"memory"`
}

func (c cost) calls() int  { return sum(c.Calls) }
func (c cost) writes() int { return sum(c.Writes) }

func sum(counts map[string]int) int {
	total := 0
	for n := range maps.Values(counts) {
		total += n
	}
	return total
}

// tail is how long after a scenario is settled its work is still counted.
const tail = 3 * time.Second

// meter is a measurement in progress.
type meter struct {
	bench  *bench
	before reading
	stop   func()
}

// reading is the state of all counters.
type reading struct {
	cpu     time.Duration
	audit   audited
	metrics metrics
}

// begin starts to measure. The counters are read before the clock starts, because reading
// them costs the server work.
func (b *bench) begin(ctx context.Context, name string) (*meter, error) {
	m := &meter{bench: b}
	var err error
	if m.before.metrics, err = b.scrape(ctx); err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	if m.before.audit, err = b.audit.read(); err != nil {
		return nil, err
	}
	if err = b.process.resetPeak(); err != nil {
		return nil, err
	}
	m.stop = b.profile(ctx, name)
	m.before.cpu, err = b.process.cpu()
	return m, err
}

// end returns what was spent since begin, the tail included; made is how many Applications
// the client created, which are no writes of the server's own.
func (m *meter) end(ctx context.Context, made int) (cost, error) {
	select {
	case <-ctx.Done():
		return cost{}, ctx.Err()
	case <-time.After(tail):
	}
	m.stop()
	cpu, err := m.bench.process.cpu()
	if err != nil {
		return cost{}, err
	}
	used, err := m.bench.process.memory()
	if err != nil {
		return cost{}, err
	}
	log, err := m.bench.audit.read()
	if err != nil {
		return cost{}, err
	}
	now, err := m.bench.scrape(ctx)
	if err != nil {
		return cost{}, err
	}
	c := cost{
		CPU: (cpu - m.before.cpu).Seconds(), Memory: used,
		Calls:   added(log[destinationUser], m.before.audit[destinationUser]),
		Host:    added(log[hostUser], m.before.audit[hostUser]),
		Writes:  added(now.writes(), m.before.metrics.writes()),
		Renders: now.total(renders) - m.before.metrics.total(renders),
		Bytes:   now.total(bytes) - m.before.metrics.total(bytes),
	}
	if made > 0 {
		if c.Writes[applicationsResource] < made {
			return c, fmt.Errorf("the store counts less writes of Applications than the %d that were created", made)
		}
		c.Writes[applicationsResource] -= made
	}
	return c, nil
}

// added is what a counter gained.
func added(now, before map[string]int) map[string]int {
	gained := map[string]int{}
	for key, n := range now {
		if n -= before[key]; n > 0 {
			gained[key] = n
		}
	}
	return gained
}
