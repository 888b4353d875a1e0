// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/informers/externalversions"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

const (
	// rolledOut is the namespace of the Rollouts.
	rolledOut = "bench-rollouts"
	// together is how many clients write at a time.
	together = 32
)

// canarySpec is a canary of five pods that goes through four weights and four pauses of a second.
const canarySpec = `{"replicas":5,"selector":{"matchLabels":{"app":%q}},"template":{"metadata":{"labels":{"app":%[1]q}},
"spec":{"containers":[{"name":"app","image":%q}]}},"strategy":{"canary":{"steps":[
{"setWeight":20},{"pause":{"duration":1}},{"setWeight":40},{"pause":{"duration":1}},
{"setWeight":60},{"pause":{"duration":1}},{"setWeight":80},{"pause":{"duration":1}}]}}}`

// rollouts lets as many canaries as there would be Applications go through their steps at once.
func (b *bench) rollouts(ctx context.Context) ([]result, error) {
	if _, err := b.hub().Run(ctx, "create", "namespace", rolledOut); err != nil {
		return nil, err
	}
	count := b.settings.size.applications
	factory := externalversions.NewSharedInformerFactoryWithOptions(
		b.capstan, 0, externalversions.WithNamespace(rolledOut))
	lister := factory.Argoproj().V1alpha1().Rollouts().Lister().Rollouts(rolledOut)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := b.eachRollout(ctx, count, b.createRollout); err != nil {
		return nil, err
	}
	if err := allHealthy(ctx, lister, count, 1); err != nil {
		return nil, err
	}
	raw, err := b.scaleRaw(ctx, count)
	if err != nil {
		return nil, err
	}
	r := result{
		RawSettled: raw, Objects: count,
		Note: fmt.Sprintf("canaries of 5 pods; %d writes of Rollouts are the client's", count),
	}
	m, err := b.begin(ctx, "rollouts")
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err = b.eachRollout(ctx, count, b.pushRollout); err != nil {
		return []result{r}, err
	}
	if err = allHealthy(ctx, lister, count, 2); err != nil {
		return []result{r}, err
	}
	r.Settled = time.Since(began).Seconds()
	r.Cost, err = m.end(ctx, 0)
	return []result{r}, err
}

// eachRollout calls do for every Rollout, many at a time.
func (b *bench) eachRollout(ctx context.Context, count int, do func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(together)
	for i := range count {
		group.Go(func() error { return do(ctx, fmt.Sprintf("canary-%03d", i)) })
	}
	return group.Wait()
}

func (b *bench) createRollout(ctx context.Context, name string) error {
	rollout := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := json.Unmarshal(fmt.Appendf(nil, canarySpec, name, "example.com/app:1"), &rollout.Spec); err != nil {
		return err
	}
	_, err := b.capstan.ArgoprojV1alpha1().Rollouts(rolledOut).Create(ctx, rollout, metav1.CreateOptions{})
	return err
}

func (b *bench) pushRollout(ctx context.Context, name string) error {
	body := fmt.Appendf(nil, `{"spec":`+canarySpec+`}`, name, "example.com/app:2")
	_, err := b.capstan.ArgoprojV1alpha1().Rollouts(rolledOut).
		Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{})
	return err
}

// allHealthy waits until every Rollout runs a revision alone.
func allHealthy(ctx context.Context, lister listers.RolloutNamespaceLister, count int, revision int64) error {
	for {
		rollouts, err := lister.List(labels.Everything())
		if err != nil {
			return err
		}
		done := 0
		for _, r := range rollouts {
			if r.Status.Phase == v1alpha1.RolloutPhaseHealthy && r.Status.ObservedGeneration == fmt.Sprint(r.Generation) &&
				r.Annotations[v1alpha1.AnnotationRevision] == fmt.Sprint(revision) {
				done++
			}
		}
		if done == count {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d Rollouts are healthy: %w", done, count, ctx.Err())
		case <-time.After(pause):
		}
	}
}
