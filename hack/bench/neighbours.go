// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

const (
	// far is a second cluster, for the scenario in which it hangs.
	far = "far"
	// farApplications deploy there: twice as many as passes run side by side.
	farApplications = 40
	// hostileObjects all fail, whenever they are applied.
	hostileObjects = 5000
)

// hostile measures commits to one Application each, without and then with a neighbour whose
// thousands of objects fail again and again.
func (b *bench) hostile(ctx context.Context) ([]result, error) {
	alone, err := b.commitOne(ctx)
	if err != nil {
		return alone, err
	}
	if err = b.addHostile(ctx); err != nil {
		return alone, err
	}
	beside, err := b.commitOne(ctx)
	if err != nil {
		return append(alone, beside...), err
	}
	alone[0].Note += " alone"
	beside[0].Note += fmt.Sprintf(" beside it, p50 ×%.2f, p99 ×%.2f",
		beside[0].quantile(50)/alone[0].quantile(50), beside[0].quantile(99)/alone[0].quantile(99))
	return append(alone, beside...), b.removeApplication(ctx, "hostile")
}

func (b *bench) addHostile(ctx context.Context) error {
	var text strings.Builder
	for i := range hostileObjects {
		fmt.Fprintf(&text, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: bad-%d}, data: {\"no key!\": x}}\n", i)
	}
	files := map[string]string{"hostile/all.yaml": text.String()}
	if _, err := b.repo.Push(ctx, gitserver.Commit{Files: files}); err != nil {
		return err
	}
	app := b.application(0)
	app.Name, app.Spec.Source.Path = "hostile", "hostile"
	often, factor := int64(-1), int64(1)
	app.Spec.SyncPolicy.Retry = &v1alpha1.RetryStrategy{Limit: &often, Backoff: &v1alpha1.Backoff{
		Duration: "1s", Factor: &factor, MaxDuration: "1s",
	}}
	if err := b.add(ctx, app); err != nil {
		return err
	}
	failing := func(value string) bool { return strings.HasPrefix(value, "OutOfSync/") }
	_, err := b.tracker.until(ctx, failing, appKey("hostile"))
	return err
}

func (b *bench) add(ctx context.Context, app *v1alpha1.Application) error {
	_, err := b.capstan.ArgoprojV1alpha1().Applications(capstan.Namespace).Create(ctx, app, metav1.CreateOptions{})
	return err
}

func (b *bench) removeApplication(ctx context.Context, name string) error {
	return b.capstan.ArgoprojV1alpha1().Applications(capstan.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
}

// hanging measures commits to one Application each, without and then with another cluster
// that answers nothing although all that deploys there is to be changed.
func (b *bench) hanging(ctx context.Context) ([]result, error) {
	if err := b.deployFar(ctx); err != nil {
		return nil, err
	}
	alone, err := b.commitOne(ctx)
	if err != nil {
		return alone, err
	}
	if err = b.world.Plane.PauseCluster(ctx, far); err != nil {
		return alone, err
	}
	if _, err = b.repo.Push(ctx, gitserver.Commit{Files: farFiles("2")}); err != nil {
		return alone, err
	}
	time.Sleep(tail)
	beside, err := b.commitOne(ctx)
	if err != nil {
		return append(alone, beside...), err
	}
	alone[0].Note += " alone"
	beside[0].Note += fmt.Sprintf(" beside it, p50 ×%.2f, p99 ×%.2f",
		beside[0].quantile(50)/alone[0].quantile(50), beside[0].quantile(99)/alone[0].quantile(99))
	if err = b.world.Plane.ResumeCluster(ctx, far); err != nil {
		return append(alone, beside...), err
	}
	return append(alone, beside...), b.removeFar(ctx)
}

func farName(i int) string { return fmt.Sprintf("far-%02d", i) }

func farFiles(value string) map[string]string {
	files := map[string]string{}
	for i := range farApplications {
		files["far/"+farName(i)+"/config.yaml"] = fmt.Sprintf(
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {value: %q}}\n", farName(i), value)
	}
	return files
}

func (b *bench) deployFar(ctx context.Context) error {
	if err := b.world.Register(ctx, far, nil); err != nil {
		return err
	}
	if _, err := b.repo.Push(ctx, gitserver.Commit{Files: farFiles("1")}); err != nil {
		return err
	}
	var keys []string
	for i := range farApplications {
		app := b.application(0)
		app.Name, app.Spec.Source.Path = farName(i), "far/"+farName(i)
		app.Spec.Destination = v1alpha1.ApplicationDestination{Name: far, Namespace: "default"}
		if err := b.add(ctx, app); err != nil {
			return err
		}
		keys = append(keys, appKey(farName(i)))
	}
	_, err := b.tracker.until(ctx, b.synced(""), keys...)
	return err
}

func (b *bench) removeFar(ctx context.Context) error {
	for i := range farApplications {
		if err := b.removeApplication(ctx, farName(i)); err != nil {
			return err
		}
	}
	return nil
}
