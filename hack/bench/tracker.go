// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/generated/informers/externalversions"
	"github.com/capstan-dev/capstan/test/harness/capstan"
)

// tracker knows by watches what Applications say and what is in the cluster, and since when.
type tracker struct {
	mu     sync.Mutex
	states map[string]seen
	// news is closed and replaced whenever something changes.
	news chan struct{}
}

// seen is a state and the moment in which it was seen first.
type seen struct {
	value string
	at    time.Time
}

func newTracker() *tracker { return &tracker{states: map[string]seen{}, news: make(chan struct{})} }

// follow watches until ctx ends. It returns when everything is known.
func (t *tracker) follow(ctx context.Context, own versioned.Interface, cluster kubernetes.Interface) error {
	apps := externalversions.NewSharedInformerFactoryWithOptions(own, 0,
		externalversions.WithNamespace(capstan.Namespace))
	applications := apps.Argoproj().V1alpha1().Applications().Informer()
	all := informers.NewSharedInformerFactory(cluster, 0)
	deployed := informers.NewSharedInformerFactoryWithOptions(cluster, 0, informers.WithNamespace(deployed))
	handled := map[cache.SharedIndexInformer]func(any){
		applications:                                 t.application,
		all.Apps().V1().Deployments().Informer():     t.deployment,
		deployed.Core().V1().ConfigMaps().Informer(): t.configMap,
	}
	var synced []cache.InformerSynced
	for informer, note := range handled {
		registered, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: note, UpdateFunc: func(_, after any) { note(after) },
		})
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		synced = append(synced, registered.HasSynced)
	}
	apps.Start(ctx.Done())
	all.Start(ctx.Done())
	deployed.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return errors.New("watch: interrupted")
	}
	return nil
}

func (t *tracker) application(value any) {
	if app, isApplication := value.(*v1alpha1.Application); isApplication {
		status := app.Status
		t.note(appKey(app.Name), fmt.Sprintf("%s/%s/%s", status.Sync.Status, status.Health.Status, status.Sync.Revision))
	}
}

func (t *tracker) deployment(value any) {
	d, isDeployment := value.(*appsv1.Deployment)
	if !isDeployment {
		return
	}
	image := d.Spec.Template.Spec.Containers[0].Image
	t.note(imageKey(d.Namespace, d.Name), image)
	if d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == *d.Spec.Replicas &&
		d.Status.AvailableReplicas == *d.Spec.Replicas && d.Status.Replicas == *d.Spec.Replicas {
		t.note(upKey(d.Namespace, d.Name), image)
	}
}

func (t *tracker) configMap(value any) {
	if c, isConfigMap := value.(*corev1.ConfigMap); isConfigMap {
		t.note(valueKey(c.Name), c.Data["value"])
	}
}

func appKey(name string) string              { return "application/" + name }
func imageKey(namespace, name string) string { return "image/" + namespace + "/" + name }
func upKey(namespace, name string) string    { return "up/" + namespace + "/" + name }
func valueKey(name string) string            { return "value/" + name }

func (t *tracker) note(key, value string) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.states[key].value != value {
		t.states[key] = seen{value, now}
		close(t.news)
		t.news = make(chan struct{})
	}
}

// pause lets events gather, so that waiting costs little of the CPU that is measured.
const pause = 5 * time.Millisecond

// until waits until the state of every key is as wanted, and returns when the last one became so.
func (t *tracker) until(ctx context.Context, want func(string) bool, keys ...string) (time.Time, error) {
	var last time.Time
	for {
		t.mu.Lock()
		news := t.news
		left := keys[:0:0]
		for _, key := range keys {
			state := t.states[key]
			if !want(state.value) {
				left = append(left, key)
			} else if state.at.After(last) {
				last = state.at
			}
		}
		t.mu.Unlock()
		if keys = left; len(keys) == 0 {
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("%d are not as wanted, such as %s: %q: %w", len(keys), keys[0], t.state(keys[0]), ctx.Err())
		case <-news:
			time.Sleep(pause)
		}
	}
}

func (t *tracker) state(key string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.states[key].value
}
