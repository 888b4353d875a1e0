// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// concurrency is where more requests at once make no API server faster.
const concurrency = 32

// applyRaw applies objects side by side, as fast as the cluster takes them.
func (b *bench) applyRaw(ctx context.Context, objects []object) error {
	force := true
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for _, o := range objects {
		group.Go(func() error {
			_, err := b.raw.Resource(o.resource).Namespace(o.namespace).
				Patch(ctx, o.name, types.ApplyPatchType, o.body, metav1.PatchOptions{FieldManager: "bench", Force: &force})
			if err != nil {
				return fmt.Errorf("apply %s %s: %w", o.resource.Resource, o.name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// ceiling is what the raw client needs: until the last reply, and until every Deployment is up.
type ceiling struct{ applied, settled, cpu time.Duration }

// measureRaw applies objects and waits until the Deployments among them are up.
func (b *bench) measureRaw(ctx context.Context, objects []object) (ceiling, error) {
	began, used := time.Now(), ownCPU()
	if err := b.applyRaw(ctx, objects); err != nil {
		return ceiling{}, err
	}
	applied, spent := time.Since(began), ownCPU()-used
	var keys []string
	for _, o := range objects {
		if o.resource == deployments() {
			keys = append(keys, upKey(o.namespace, o.name))
		}
	}
	up := func(value string) bool { return value == imageOf(b.image) }
	last, err := b.tracker.until(ctx, up, keys...)
	return ceiling{applied, last.Sub(began), spent}, err
}

// ownCPU is the CPU time of this process.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// rawCopies are the objects of all Applications for one run of the raw client.
func (b *bench) rawCopies(run string, version int) []object {
	var objects []object
	for i := range b.settings.size.applications {
		objects = append(objects, b.settings.size.copies(run+appName(i), version)...)
	}
	return objects
}

// rawDeployments are those that a new version of the image changes.
func (b *bench) rawDeployments(run string, version int) []object {
	var changed []object
	for _, o := range b.rawCopies(run, version) {
		if o.resource == deployments() {
			changed = append(changed, o)
		}
	}
	return changed
}

// bounded is the mean of the ceilings before and after a scenario.
func (r *result) bounded(before, after ceiling) {
	r.RawApplied = (before.applied + after.applied).Seconds() / 2
	r.RawCPU = (before.cpu + after.cpu).Seconds() / 2
	r.RawSettled = (before.settled + after.settled).Seconds() / 2
}
