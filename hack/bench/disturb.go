// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// drift changes an object of one Application after another by hand, and waits until each is
// as Git says again.
func (b *bench) drift(ctx context.Context) ([]result, error) {
	r := result{Objects: b.settings.repeats, Note: fmt.Sprintf("%d drifts", b.settings.repeats)}
	m, err := b.begin(ctx, "drift")
	if err != nil {
		return nil, err
	}
	for n := range b.settings.repeats {
		took, failure := b.driftOf(ctx, n*11%b.settings.size.applications)
		if failure != nil {
			return []result{r}, failure
		}
		r.Latencies = append(r.Latencies, float64(took.Microseconds())/1000)
	}
	r.Cost, err = m.end(ctx, 0)
	return []result{r}, err
}

func (b *bench) driftOf(ctx context.Context, i int) (time.Duration, error) {
	name := settingsName(i, 0)
	wanted := b.tracker.state(valueKey(name))
	_, err := b.raw.Resource(configMaps()).Namespace(deployed).Patch(ctx, name, types.MergePatchType,
		[]byte(`{"data":{"value":"changed by hand"}}`), metav1.PatchOptions{FieldManager: "somebody"})
	if err != nil {
		return 0, err
	}
	changed := time.Now()
	// The watch may tell of the change after the answer to it came.
	healed, err := b.tracker.until(ctx, func(value string) bool { return value == wanted }, valueKey(name))
	for err == nil && healed.Before(changed) {
		time.Sleep(pause)
		healed, err = b.tracker.until(ctx, func(value string) bool { return value == wanted }, valueKey(name))
	}
	return healed.Sub(changed), err
}

// restart ends the server and starts it again, with nothing to do: it takes until every
// Application was looked at.
func (b *bench) restart(ctx context.Context) ([]result, error) {
	if err := b.world.Capstan.Stop(); err != nil {
		return nil, err
	}
	log, err := b.audit.read()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err = b.world.Capstan.Start(ctx); err != nil {
		return nil, err
	}
	m := &meter{bench: b, before: reading{audit: log}, stop: func() {}}
	r := result{Objects: b.settings.size.total()}
	for r.Settled == 0 {
		now, failure := b.scrape(ctx)
		if failure != nil {
			return nil, failure
		}
		if now.total("capstan_apps_looked_at") == b.made {
			r.Settled = time.Since(began).Seconds()
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.Cost, err = m.end(ctx, 0)
	return []result{r}, err
}
