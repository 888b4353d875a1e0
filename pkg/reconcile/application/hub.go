// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/project"
)

// hub is the cluster that keeps Rollouts for a destination, nil where that is the destination itself.
func (r *Reconciler) hub(target *cluster.Cluster) *cluster.Cluster {
	if target.Server() == cluster.InClusterServer {
		return nil
	}
	hub, err := r.Clusters.ByServer(cluster.InClusterServer)
	if err != nil {
		return nil
	}
	return hub
}

// elsewhere reports a destination that is known to be another cluster than the hub, which can be registered under
// several URLs.
func (r *Reconciler) elsewhere(target *cluster.Cluster) bool {
	hub := r.hub(target)
	if hub == nil {
		return false
	}
	there, here := target.Status().UID, hub.Status().UID
	return there != "" && here != "" && there != here
}

// keeper is the name of a destination for which the hub can keep Rollouts, "" where it cannot: their controller finds
// the cluster by that name, and the right to use it is one on an object of that name.
func (r *Reconciler) keeper(target *cluster.Cluster) string {
	name := target.Name()
	if r.hub(target) == nil || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return ""
	}
	if _, err := r.Clusters.ByName(name); err != nil {
		return ""
	}
	return name
}

// unkept says why the hub does not keep for a destination what that does not serve.
func (r *Reconciler) unkept(target *cluster.Cluster, err error) error {
	if !noKind(err) || r.hub(target) == nil || r.keeper(target) != "" {
		return err
	}
	return fmt.Errorf("%w; the hub keeps Rollouts only for a cluster whose name is a DNS name that no other has: "+
		"register %s under one", err, target.Name())
}

// permitKept checks that a project lets the hub keep an object: what makes use of things that are on the hub needs that
// it may be deployed there, too.
func (r *Reconciler) permitKept(owner *v1alpha1.AppProject, to *cluster.Cluster, wanted plan.Desired) error {
	hub := r.hub(to)
	if wanted.Borrows == "" || hub == nil {
		return nil
	}
	if err := project.PermitsDestination(owner, permitted(hub, wanted.Namespace)); err != nil {
		return fmt.Errorf("%s %s is kept on the hub, and %s there: %w", wanted.Kind, wanted.Name, wanted.Borrows, err)
	}
	return nil
}

// permitPointing checks that a project permits the cluster to which a manifest for the hub itself points: its pods run
// there, and the server carries that out with its own rights.
func (r *Reconciler) permitPointing(owner *v1alpha1.AppProject, m manifest.Manifest) error {
	if m.Group != live.RolloutGroup || !bytes.Contains(m.JSON, []byte(v1alpha1.AnnotationCluster)) {
		return nil
	}
	object, err := m.Object()
	if err != nil {
		return err
	}
	name, points := object.GetAnnotations()[v1alpha1.AnnotationCluster]
	if !points {
		return nil
	}
	there, err := r.Clusters.ByName(name)
	if err == nil {
		err = project.PermitsDestination(owner, permitted(there, m.Namespace))
	}
	if err != nil {
		return fmt.Errorf("%s %s: metadata.annotations[%s]: %w", m.Kind, m.Name, v1alpha1.AnnotationCluster, err)
	}
	return nil
}

// read returns what an Application has in its destination, and what the hub keeps of it. What wants is told by the keys
// of objects, and by the kinds that it uses.
func (r *Reconciler) read(
	ctx context.Context, p *pass, s *state, wanted *desired, keys []manifest.Key,
) (cluster.Set, error) {
	instance, hub := r.instanceName(p.app), r.hub(p.target)
	if err := r.missed(p, s); err != nil {
		return cluster.Set{}, err
	}
	p.kept, p.clash = map[manifest.Key]bool{}, nil
	for _, object := range wanted.objects {
		if object.Cluster != "" {
			p.kept[object.Key] = true
		}
	}
	p.target.Use(ctx, instance, kindsInUse(wanted, s))
	there := slices.DeleteFunc(slices.Clone(keys), func(key manifest.Key) bool { return p.kept[key] })
	seen, err := p.target.Live(instance, there)
	if err != nil || hub == nil {
		return seen, err
	}
	kinds := keptKinds(wanted, s)
	if hub.Use(ctx, instance, kinds); len(kinds) == 0 {
		return seen, nil
	}
	onHub, err := hub.Live(instance, slices.Collect(maps.Keys(p.kept)))
	if err != nil {
		return cluster.Set{}, err
	}
	seen.Objects = append(seen.Objects, p.keptOf(instance, onHub.Objects)...)
	maps.Copy(seen.Stale, onHub.Stale)
	return seen, nil
}

// keptOf picks what the hub keeps for the destination of a pass, also under a name that the cluster had before. It
// notes where the hub has something else under a name that is wanted.
func (p *pass) keptOf(instance string, onHub []live.Object) []live.Object {
	var objects []live.Object
	for _, object := range onHub {
		switch {
		case object.Cluster == p.target.Name(), object.Cluster != "" && object.Application == instance:
			p.kept[object.Key] = true
			objects = append(objects, object)
		case p.kept[object.Key]:
			p.clash = fmt.Errorf("%s: the hub has another object of this name (%s: %q): rename one of the two",
				object.Key, v1alpha1.AnnotationCluster, object.Cluster)
		}
	}
	return objects
}

// missed fails where the hub keeps something for an Application and is not registered: that would be forgotten.
func (r *Reconciler) missed(p *pass, s *state) error {
	if p.target.Server() == cluster.InClusterServer || r.hub(p.target) != nil {
		return nil
	}
	for key := range s.applied {
		if plan.Keepable(key.GroupKind()) && strings.HasSuffix(key.Name, plan.KeptName("", p.target.Name())) {
			return fmt.Errorf("%s is kept on the hub, but no cluster is registered with server %s", key, cluster.InClusterServer)
		}
	}
	return nil
}

// keptKinds are the kinds of which the hub keeps, or may have kept, objects.
func keptKinds(wanted *desired, s *state) []schema.GroupKind {
	var kinds []schema.GroupKind
	for _, object := range wanted.objects {
		if object.Cluster != "" {
			kinds = append(kinds, object.GroupKind())
		}
	}
	for key := range s.applied {
		if plan.Keepable(key.GroupKind()) {
			kinds = append(kinds, key.GroupKind())
		}
	}
	return kinds
}

// at is where an object of a pass is, as a sync writes to it.
func (r *Reconciler) at(p *pass, key manifest.Key) (apply.Target, error) {
	if hub := r.hub(p.target); hub != nil && p.kept[key] {
		return r.own(hub), nil
	}
	return r.actor(p)
}

// own is the hub as the server writes its own kinds there: over the loopback, with no rights in the hub. What may be
// kept was checked against the AppProject.
func (r *Reconciler) own(hub *cluster.Cluster) apply.Target {
	return loopback{Cluster: hub, client: r.Client.ArgoprojV1alpha1().RESTClient()}
}

// loopback is the hub, written to through the server's own API.
type loopback struct {
	*cluster.Cluster
	client rest.Interface
}

// Writer returns the client of the server's own API.
func (l loopback) Writer(context.Context) (rest.Interface, error) { return l.client, nil }
