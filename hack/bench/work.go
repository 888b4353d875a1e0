// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// create makes all Applications side by side, and waits until each is Synced and Healthy.
func (b *bench) create(ctx context.Context) ([]result, error) {
	before, err := b.measureRaw(ctx, b.rawCopies("before-", 0))
	if err != nil {
		return nil, err
	}
	r := result{Objects: b.settings.size.total()}
	m, err := b.begin(ctx, "create")
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err = b.createApplications(ctx); err != nil {
		return nil, err
	}
	if err = b.arrived(ctx, &r, began, ""); err != nil {
		return []result{r}, err
	}
	if r.Cost, err = m.end(ctx, b.made); err != nil {
		return []result{r}, err
	}
	after, err := b.measureRaw(ctx, b.rawCopies("after-", 0))
	r.bounded(before, after)
	return []result{r}, err
}

func (b *bench) createApplications(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	applications := b.capstan.ArgoprojV1alpha1().Applications(capstan.Namespace)
	for i := range b.settings.size.applications {
		group.Go(func() error {
			_, err := applications.Create(ctx, b.application(i), metav1.CreateOptions{})
			return err
		})
	}
	b.made = b.settings.size.applications
	return group.Wait()
}

func (b *bench) application(i int) *v1alpha1.Application {
	on := true
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Name: appName(i)},
		Spec: v1alpha1.ApplicationSpec{
			Project:     "default",
			Source:      &v1alpha1.ApplicationSource{RepoURL: b.repo.URL(), Path: overlay(i), TargetRevision: "HEAD"},
			Destination: v1alpha1.ApplicationDestination{Server: b.world.Plane.Clusters[world.Hub].Server, Namespace: deployed},
			SyncPolicy:  &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{Prune: &on, SelfHeal: &on}},
		},
	}
}

// arrived waits until every Deployment has the image that Git says, and then until every
// Application says that it is there, at a commit where one is given.
func (b *bench) arrived(ctx context.Context, r *result, began time.Time, commit string) error {
	is := func(wanted string) func(string) bool { return func(value string) bool { return value == wanted } }
	applied, err := b.tracker.until(ctx, is(imageOf(b.image)), b.each(func(i int) string {
		return imageKey(deployed, appName(i)+"-web")
	})...)
	if err != nil {
		return err
	}
	r.Applied = applied.Sub(began).Seconds()
	settled, err := b.tracker.until(ctx, b.synced(commit), b.each(func(i int) string { return appKey(appName(i)) })...)
	r.Settled = settled.Sub(began).Seconds()
	return err
}

func (b *bench) synced(commit string) func(string) bool {
	return func(value string) bool { return strings.HasPrefix(value, "Synced/Healthy/"+commit) }
}

func (b *bench) each(key func(int) string) []string {
	keys := make([]string, b.settings.size.applications)
	for i := range keys {
		keys[i] = key(i)
	}
	return keys
}

// rest waits while nothing happens.
func (b *bench) rest(ctx context.Context) ([]result, error) {
	m, err := b.begin(ctx, "idle")
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Duration(b.settings.idle)*time.Second - tail):
	}
	r := result{Note: fmt.Sprintf("%d s", b.settings.idle)}
	r.Cost, err = m.end(ctx, 0)
	return []result{r}, err
}

// commitOne pushes commits that touch one object of one Application, one after another.
func (b *bench) commitOne(ctx context.Context) ([]result, error) {
	r := result{Objects: b.settings.repeats, Note: fmt.Sprintf("%d commits", b.settings.repeats)}
	m, err := b.begin(ctx, "commit-one")
	if err != nil {
		return nil, err
	}
	for n := range b.settings.repeats {
		took, failure := b.commitTo(ctx, n*7%b.settings.size.applications)
		if failure != nil {
			return []result{r}, failure
		}
		r.Latencies = append(r.Latencies, float64(took.Microseconds())/1000)
	}
	r.Cost, err = m.end(ctx, 0)
	return []result{r}, err
}

// commitTo changes the settings of an Application in Git, and returns how long it took from
// the webhook to the cluster.
func (b *bench) commitTo(ctx context.Context, i int) (time.Duration, error) {
	b.commits++
	b.values[i] = fmt.Sprintf("commit %d", b.commits)
	commit, err := b.repo.Push(ctx, gitserver.Commit{Files: map[string]string{
		settingsFile(i): b.settings.size.settings(i, b.values[i]),
	}})
	if err != nil {
		return 0, err
	}
	is := func(value string) bool { return value == b.values[i] }
	applied, err := b.tracker.until(ctx, is, valueKey(settingsName(i, 0)))
	if err != nil {
		return 0, err
	}
	_, err = b.tracker.until(ctx, b.synced(commit), appKey(appName(i)))
	return applied.Sub(b.world.Git.Told()), err
}

// commitAll pushes a new version of the image in the base of all.
func (b *bench) commitAll(ctx context.Context) ([]result, error) {
	b.image++
	before, err := b.measureRaw(ctx, b.rawDeployments("before-", b.image))
	if err != nil {
		return nil, err
	}
	r := result{Objects: b.settings.size.applications}
	m, err := b.begin(ctx, "commit-all")
	if err != nil {
		return nil, err
	}
	commit, err := b.repo.Push(ctx, gitserver.Commit{Files: map[string]string{
		baseFile: b.settings.size.deployment(b.image),
	}})
	if err != nil {
		return nil, err
	}
	if err = b.arrived(ctx, &r, b.world.Git.Told(), commit); err != nil {
		return []result{r}, err
	}
	if r.Cost, err = m.end(ctx, 0); err != nil {
		return []result{r}, err
	}
	after, err := b.measureRaw(ctx, b.rawDeployments("after-", b.image))
	r.bounded(before, after)
	return []result{r}, err
}
