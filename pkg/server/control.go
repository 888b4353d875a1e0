// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/action"
	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/generated/informers/externalversions"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/promotion"
	"github.com/capstan-dev/capstan/pkg/reconcile/application"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset"
	reconcilecluster "github.com/capstan-dev/capstan/pkg/reconcile/cluster"
	"github.com/capstan-dev/capstan/pkg/registry/plan"
	"github.com/capstan-dev/capstan/pkg/render"
	"github.com/capstan-dev/capstan/pkg/source"
)

// control is the control column: the stages, the caches that they read, and the
// reconcilers. Stages and caches work in every replica, reconcilers in the one that leads.
type control struct {
	namespace string
	client    versioned.Interface
	direct    *direct
	own       externalversions.SharedInformerFactory
	// host is nil in a detached server.
	host *hostCaches
	// hostSecrets reads single Secrets of the control-plane namespace; nil in a detached server.
	hostSecrets corev1client.SecretInterface
	// hostEvents reads Events about Applications; nil in a detached server.
	hostEvents   corev1client.EventsGetter
	rules        *health.Book
	actions      *action.Book
	customized   atomic.Pointer[customization.Set]
	tolerated    atomic.Pointer[difference.Rules]
	applier      *apply.Applier
	events       events.EventRecorder
	clusters     *cluster.Clusters
	repositories *source.Repositories
	renderer     *render.Cache
	broadcaster  events.EventBroadcaster
	registrar    *reconcilecluster.Registrar
	mirror       *reconcilecluster.Mirror
	desk         *promotion.Desk
	plans        *plan.Provider
	applications *application.Reconciler
	sets         *applicationset.Reconciler
	analyses     *analyses
	// hostClient reaches the host cluster; nil in a detached server.
	hostClient kubernetes.Interface
	// rollouts is nil in a detached server.
	rollouts *rollouts
	// experiments is nil in a detached server.
	experiments *experiments
}

// newControl makes all parts; none of them does anything before run.
func (p *product) newControl(_ context.Context, d Dependencies) (*control, error) {
	requests, err := versioned.NewForConfig(behindFence(d.Loopback))
	if err != nil {
		return nil, err
	}
	own := &direct{guard: d.Guard, storages: map[string]rest.Storage{}}
	client := ownClient{requests, own}
	c := &control{
		namespace: d.Namespace, client: client, direct: own,
		own:   externalversions.NewSharedInformerFactory(client, 0),
		plans: &plan.Provider{Scheme: d.Scheme},
	}
	if err := c.reachHost(d); err != nil {
		return nil, err
	}
	if err := p.makeStages(c, d); err != nil {
		return nil, err
	}
	return c, p.makeReconcilers(c, d)
}

// reachHost makes the caches of the host cluster, and the recorder of Events there.
func (c *control) reachHost(d Dependencies) error {
	if d.Host == nil {
		c.host = detachedCaches(c.namespace)
		return nil
	}
	client, err := builtinKinds(behindFence(d.Host))
	if err != nil {
		return err
	}
	c.host = newHostCaches(client, c.namespace)
	c.hostSecrets = client.CoreV1().Secrets(c.namespace)
	c.hostEvents = client.CoreV1()
	c.hostClient = client
	c.broadcaster = events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	return nil
}

func (p *product) makeStages(c *control, d Dependencies) error {
	dir, err := p.cacheIn(d)
	if err != nil {
		return err
	}
	if c.rules, err = health.NewBook(); err != nil {
		return fmt.Errorf("read the health rules: %w", err)
	}
	if c.actions, err = action.NewBook(c.customizations); err != nil {
		return fmt.Errorf("read the actions: %w", err)
	}
	if c.clusters, err = cluster.NewClusters(cluster.Options{
		Host: d.Host, HealthRules: c.rules, Registerer: d.Metrics, Wrap: fence,
		Connected: func() { c.mirror.Wake() },
	}); err != nil {
		return err
	}
	if c.repositories, err = source.New(source.Options{
		Dir: filepath.Join(dir, "repositories"), PollInterval: p.gitInterval, AllowFile: p.allowFile, Registerer: d.Metrics,
	}); err != nil {
		return err
	}
	c.renderer, err = render.New(render.Options{Dir: filepath.Join(dir, "renders"), Registerer: d.Metrics})
	return err
}

func (p *product) makeReconcilers(c *control, d Dependencies) error {
	argo := c.own.Argoproj().V1alpha1()
	apps := argo.Applications().Informer()
	if err := errors.Join(
		apps.AddIndexers(application.Indexers()), apps.AddIndexers(applicationset.Indexers()),
	); err != nil {
		return err
	}
	metrics, err := application.NewMetrics(d.Metrics)
	if err != nil {
		return err
	}
	if err = d.Metrics.Register(application.NewCollector(apps.GetIndexer(), clock.RealClock{})); err != nil {
		return err
	}
	if c.desk, err = p.newDesk(c, d); err != nil {
		return err
	}
	c.applier, c.events = apply.NewApplier(), c.recorder()
	c.applications = application.New(application.Options{
		Namespace: c.namespace, Client: c.client, Applications: apps.GetIndexer(), Projects: argo.AppProjects().Lister(),
		Sources: c, Renderer: c.renderer, Clusters: c.clusters, Applier: c.applier, Desk: c.desk, Events: c.events,
		Clock: clock.RealClock{}, Metrics: metrics, Workers: p.workers,
		Toleration: c.toleration, Settings: c.customizations,
		Plugins: p.plugins(), Submodules: p.submodules, KeepEvery: 3 * p.gitInterval,
	})
	if err = c.applications.Register(d.Metrics); err != nil {
		return err
	}
	c.registrar = reconcilecluster.NewRegistrar(c.host.clusterSecrets(), c.clusters, c.destinationChanged)
	c.mirror = reconcilecluster.NewMirror(reconcilecluster.Mirror{
		Namespace: c.namespace, Client: c.client, Objects: c.own.Capstan().V1alpha1().Clusters().Lister(),
		Clusters: c.clusters, Registrar: c.registrar, Changed: c.destinationChanged,
	})
	c.sets = applicationset.New(applicationset.Options{
		Namespace: c.namespace, Client: c.client, Sets: argo.ApplicationSets().Lister(),
		Applications: apps.GetIndexer(), Clusters: c.clusters, Ready: c.destinationsKnown,
		Unread: c.registrar.Refused, Gated: c.gated, Events: c.events,
		Clock: clock.RealClock{},
	})
	if c.analyses, err = p.newAnalyses(c, d); err != nil {
		return err
	}
	if c.rollouts, err = newRollouts(c, c.hostClient, d); err != nil {
		return err
	}
	if c.experiments, err = newExperiments(c, c.hostClient, d); err != nil {
		return err
	}
	return c.connect(apps)
}

// connect leads events to whom they concern.
func (c *control) connect(apps cache.SharedIndexInformer) error {
	argo, own := c.own.Argoproj().V1alpha1(), c.own.Capstan().V1alpha1()
	handlers := []struct {
		informer cache.SharedIndexInformer
		handler  cache.ResourceEventHandler
	}{
		{apps, c.applications.Handler()},
		{apps, c.sets.ApplicationHandler()},
		{argo.ApplicationSets().Informer(), c.sets.Handler()},
		{argo.AppProjects().Informer(), named(c.applications.ProjectChanged)},
		{own.PromotionPolicies().Informer(), whenever(c.applications.SettingsChanged)},
		{own.Clusters().Informer(), whenever(c.applications.SettingsChanged)},
		{own.Approvals().Informer(), c.applications.ApprovalHandler()},
		{own.Plans().Informer(), c.applications.PlanHandler()},
		{c.host.clusters, c.registrar.Handler()},
	}
	for _, h := range handlers {
		if _, err := h.informer.AddEventHandler(h.handler); err != nil {
			return err
		}
	}
	settings, err := c.host.settings.AddEventHandler(c.customizationHandler())
	if err != nil {
		return err
	}
	// Nothing is compared before it is known what may differ, and as whom to write.
	c.host.synced = append(c.host.synced, settings.HasSynced)
	c.repositories.Subscribe(c.applications.RepositoryChanged)
	c.clusters.Subscribe(c.objectChanged)
	return nil
}

// destinationChanged wakes all that depends on a destination; it is called from anywhere,
// also before everything is made.
func (c *control) destinationChanged(server, name string) {
	c.mirror.Wake()
	c.applications.DestinationChanged(server, name)
	c.sets.DestinationsChanged()
	if c.rollouts != nil {
		c.rollouts.reconciler.ClusterChanged(name)
	}
}

// destinationsKnown reports whether every cluster Secret was looked at.
func (c *control) destinationsKnown() bool {
	select {
	case <-c.registrar.Ready():
		return true
	default:
		return false
	}
}

// recorder writes Events into the host cluster.
func (c *control) recorder() events.EventRecorder {
	if c.broadcaster == nil {
		return discard{}
	}
	return brief{c.broadcaster.NewRecorder(install.NewVersionedScheme(), "capstan")}
}

// background keeps caches and stages going until ctx ends.
func (c *control) background(ctx context.Context) {
	if c.broadcaster != nil {
		if err := c.broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
			return
		}
		defer c.broadcaster.Shutdown()
	}
	c.own.Start(ctx.Done())
	c.host.start(ctx)
	go c.repositories.Run(ctx)
	defer c.renderer.Close()
	defer c.clusters.Close()
	if !cache.WaitForCacheSync(ctx.Done(), c.host.synced...) {
		return
	}
	if err := c.registrar.Run(ctx); err != nil {
		return
	}
	<-ctx.Done()
}

// named calls changed with the name of each object that came, changed or went.
func named(changed func(string)) cache.ResourceEventHandler {
	tell := func(object any) {
		if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
			object = gone.Obj
		}
		if project, isProject := object.(*argov1alpha1.AppProject); isProject {
			changed(project.Name)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: tell, UpdateFunc: func(_, after any) { tell(after) }, DeleteFunc: tell,
	}
}

// whenever calls changed when an object came or went, or when its spec changed.
func whenever(changed func()) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { changed() },
		UpdateFunc: func(before, after any) {
			old, isOld := before.(metav1.Object)
			now, isNow := after.(metav1.Object)
			if !isOld || !isNow || old.GetGeneration() != now.GetGeneration() {
				changed()
			}
		},
		DeleteFunc: func(any) { changed() },
	}
}

// objectChanged wakes the Application of a live object. A key without a name says that a
// kind became known: the Application that waits for it is named as well.
func (c *control) objectChanged(instance string, _ manifest.Key) {
	c.applications.ObjectChanged(instance)
}
