// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

const (
	// mirroredAnnotation marks a Cluster object that exists because a Secret does.
	mirroredAnnotation = "capstan.dev/mirrored"
	// probeEvery is how often a destination is asked whether it is still there; what happens
	// in between is told by its watches.
	probeEvery = 30 * time.Second
	// retryAfter is when a look that failed is taken again first; then it is twice as long each time, up to probeEvery.
	retryAfter = 100 * time.Millisecond
)

// Mirror writes the Cluster objects.
type Mirror struct {
	// Namespace is where the Secrets are.
	Namespace string
	Client    versioned.Interface
	Objects   listers.ClusterLister
	Clusters  *cluster.Clusters
	Registrar *Registrar
	// Changed is told of each destination that was lost or found again.
	Changed func(server, name string)
	// wake asks for a look; a second wish while one waits is the same wish.
	wake chan struct{}
	// reachable remembers what Changed was told of, by server.
	reachable map[string]bool
	// greeted remembers which destinations were asked for the first time.
	greeted map[string]bool
}

// NewMirror returns mirror ready to Run.
func NewMirror(mirror Mirror) *Mirror {
	mirror.wake = make(chan struct{}, 1)
	mirror.reachable, mirror.greeted = map[string]bool{}, map[string]bool{}
	return &mirror
}

// Wake asks for another look at all destinations.
func (r *Mirror) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run mirrors until ctx ends. It may be called again.
func (r *Mirror) Run(ctx context.Context) {
	r.Wake()
	go wait.UntilWithContext(ctx, r.probe, probeEvery)
	failed := workqueue.NewTypedItemExponentialFailureRateLimiter[*Mirror](retryAfter, probeEvery)
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-again:
		}
		err := r.mirror(ctx)
		if err == nil {
			failed.Forget(r)
			again = nil
			continue
		}
		// Most often the cache does not hold yet what was written a moment ago.
		delay := failed.When(r)
		again = time.After(delay)
		klog.FromContext(ctx).V(2).Info("Clusters are mirrored again", "after", delay, "err", err)
	}
}

// probe asks every destination that nothing else tells of whether it is there, side by side:
// one that hangs delays no other. What the others' watches have shown since is looked at anyway.
func (r *Mirror) probe(ctx context.Context) {
	r.Wake()
	for _, known := range r.Clusters.List() {
		if !watched(known.Status()) {
			go r.ask(ctx, known)
		}
	}
}

// watched reports that a watch is open, which fails when the destination does.
func watched(status cluster.Status) bool {
	return status.Reachable && slices.ContainsFunc(status.Kinds, func(kind cluster.KindStatus) bool {
		return kind.Synced && kind.StaleSince.IsZero()
	})
}

func (r *Mirror) ask(ctx context.Context, known *cluster.Cluster) {
	// The outcome is in the destination's status.
	_ = known.Probe(ctx)
	r.Wake()
}

// greet asks a destination that is new at once.
func (r *Mirror) greet(ctx context.Context, known *cluster.Cluster) {
	if known.Status().Since.IsZero() && !r.greeted[known.Server()] {
		r.greeted[known.Server()] = true
		go r.ask(ctx, known)
	}
}

// mirror makes the Cluster objects agree with the destinations.
func (r *Mirror) mirror(ctx context.Context) error {
	var problems []error
	current := map[string]bool{}
	for _, known := range r.Clusters.List() {
		name := objectName(known.Destination())
		current[name] = true
		problems = append(problems, r.mirrorOne(ctx, name, known))
		r.announce(known)
		r.greet(ctx, known)
	}
	for secret, reason := range r.Registrar.Refused() {
		name := objectName(cluster.Destination{Name: secret})
		if registered, err := r.Clusters.ByServer(r.Registrar.Server(secret)); err == nil {
			name = objectName(registered.Destination())
		}
		current[name] = true
		problems = append(problems, r.mirrorRefused(ctx, name, secret, reason))
	}
	return errors.Join(append(problems, r.sweep(ctx, current))...)
}

// announce tells of a destination that was lost or found again.
func (r *Mirror) announce(known *cluster.Cluster) {
	reachable := known.Status().Reachable
	if before, told := r.reachable[known.Server()]; told && before == reachable {
		return
	}
	r.reachable[known.Server()] = reachable
	r.Changed(known.Server(), known.Name())
}

func (r *Mirror) mirrorOne(ctx context.Context, name string, known *cluster.Cluster) error {
	to, status := known.Destination(), known.Status()
	object, err := r.object(ctx, name, func(object *capstan.Cluster) {
		object.Labels = maps.Clone(to.Labels)
		object.Spec.Server = to.Server
		object.Spec.CredentialsSecret = nil
		if to.Secret != "" {
			object.Spec.CredentialsSecret = &capstan.SecretReference{Namespace: r.Namespace, Name: to.Secret}
		}
	})
	if err != nil {
		return err
	}
	connection := capstan.ClusterConnection{State: capstan.ConnectionUnknown}
	switch {
	case status.Reachable:
		connection.State = capstan.ConnectionConnected
	case status.Err != nil:
		connection = capstan.ClusterConnection{State: capstan.ConnectionFailed, Message: status.Err.Error()}
	}
	changed := object.DeepCopy()
	changed.Status.Connection = connection
	// What was not reached yet is taken for what it was: replicas that have no connection go by it.
	changed.Status.UID = cmp.Or(status.UID, object.Status.UID)
	changed.Status.Version = cmp.Or(status.Version, object.Status.Version)
	return r.writeStatus(ctx, object, changed)
}

// mirrorRefused shows why a Secret registers no destination, and leaves the rest as it was.
func (r *Mirror) mirrorRefused(ctx context.Context, name, secret string, reason error) error {
	object, err := r.object(ctx, name, func(object *capstan.Cluster) {
		object.Spec.CredentialsSecret = &capstan.SecretReference{Namespace: r.Namespace, Name: secret}
	})
	if err != nil {
		return err
	}
	changed := object.DeepCopy()
	changed.Status.Connection = capstan.ClusterConnection{State: capstan.ConnectionFailed, Message: reason.Error()}
	return r.writeStatus(ctx, object, changed)
}

// object returns the Cluster of a name as set says, created or updated where it differs.
func (r *Mirror) object(ctx context.Context, name string, set func(*capstan.Cluster)) (*capstan.Cluster, error) {
	clusters := r.Client.CapstanV1alpha1().Clusters()
	known, err := r.Objects.Get(name)
	if apierrors.IsNotFound(err) {
		object := &capstan.Cluster{ObjectMeta: metav1.ObjectMeta{
			Name: name, Annotations: map[string]string{mirroredAnnotation: "true"},
		}}
		set(object)
		created, failure := clusters.Create(ctx, object, metav1.CreateOptions{})
		if failure != nil {
			return nil, fmt.Errorf("create Cluster %s: %w", name, failure)
		}
		return created, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Cluster %s: %w", name, err)
	}
	changed := known.DeepCopy()
	set(changed)
	if equality.Semantic.DeepEqual(known.Spec, changed.Spec) && equality.Semantic.DeepEqual(known.Labels, changed.Labels) {
		return known, nil
	}
	updated, err := clusters.Update(ctx, changed, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("update Cluster %s: %w", name, err)
	}
	return updated, nil
}

func (r *Mirror) writeStatus(ctx context.Context, before, after *capstan.Cluster) error {
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	if _, err := r.Client.CapstanV1alpha1().Clusters().UpdateStatus(ctx, after, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("write status of Cluster %s: %w", after.Name, err)
	}
	return nil
}

// sweep deletes the mirrors of Secrets that are gone.
func (r *Mirror) sweep(ctx context.Context, current map[string]bool) error {
	objects, err := r.Objects.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("list Clusters: %w", err)
	}
	var problems []error
	for _, object := range objects {
		if current[object.Name] || object.Annotations[mirroredAnnotation] == "" {
			continue
		}
		if object.Spec.Tier == gate.TierProduction {
			// Its UID stays production, under whatever name it is registered again.
			problems = append(problems, r.mirrorLost(ctx, object))
			continue
		}
		err := r.Client.CapstanV1alpha1().Clusters().Delete(ctx, object.Name, metav1.DeleteOptions{
			Preconditions: metav1.NewUIDPreconditions(string(object.UID)),
		})
		if err != nil && !apierrors.IsNotFound(err) {
			problems = append(problems, fmt.Errorf("delete Cluster %s: %w", object.Name, err))
		}
	}
	return errors.Join(problems...)
}

// mirrorLost shows that the Secret of a cluster is gone that is kept.
func (r *Mirror) mirrorLost(ctx context.Context, object *capstan.Cluster) error {
	changed := object.DeepCopy()
	changed.Status.Connection = capstan.ClusterConnection{
		State:   capstan.ConnectionFailed,
		Message: "its Secret is gone; delete the Cluster to forget that it is production",
	}
	return r.writeStatus(ctx, object, changed)
}

// objectName is the destination's own name where that is one for objects, else a name that
// follows from the server.
func objectName(to cluster.Destination) string {
	if len(validation.IsDNS1123Subdomain(to.Name)) == 0 {
		return to.Name
	}
	return fmt.Sprintf("cluster-%.10s", manifest.DigestOf([]byte(to.Server+to.Name)))
}
