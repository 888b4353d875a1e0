// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"maps"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/analysis/provider"
	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analysisrun"
)

// prometheusAddress is the peer's variable for the Prometheus of metrics that name none.
const prometheusAddress = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"

// analyses is the controller of AnalysisRuns, and what it watches in the host cluster.
type analyses struct {
	reconciler *analysisrun.Reconciler
	runs       cache.SharedIndexInformer
	// jobs tells of the Jobs that runs started, without what is in them; nil in a detached server.
	jobs metadatainformer.SharedInformerFactory
}

var _ Controller = &analyses{}

// newAnalyses makes the controller. A detached server reads no Secret and starts no Job.
func (p *product) newAnalyses(c *control, d Dependencies) (*analyses, error) {
	argo := c.own.Argoproj().V1alpha1()
	metrics, err := analysisrun.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	if err = d.Metrics.Register(analysisrun.NewCollector(argo.AnalysisRuns().Lister(),
		argo.AnalysisTemplates().Lister(), argo.ClusterAnalysisTemplates().Lister())); err != nil {
		return nil, err
	}
	options := analysisrun.Options{
		Namespace: c.namespace, Client: c.client, Runs: argo.AnalysisRuns().Lister(), Events: c.events,
		Clock: clock.RealClock{}, Metrics: metrics,
		Providers: map[string]analysisrun.Provider{},
	}
	a := &analyses{runs: argo.AnalysisRuns().Informer()}
	if d.Host != nil {
		if err := a.reachHost(behindFence(d.Host), places{c.clusters, c.destinationsKnown}, &options); err != nil {
			return nil, err
		}
	}
	p.addVendors(&options)
	a.reconciler = analysisrun.New(options)
	return a, a.connect()
}

// reachHost adds what is done in clusters: reading Secrets of the host, and Jobs.
func (a *analyses) reachHost(host *rest.Config, elsewhere provider.Clusters, options *analysisrun.Options) error {
	client, err := builtinKinds(host)
	if err != nil {
		return err
	}
	writer, err := dynamic.NewForConfig(host)
	if err != nil {
		return err
	}
	watcher, err := metadata.NewForConfig(host)
	if err != nil {
		return err
	}
	options.Secrets = client.CoreV1()
	options.Providers["job"] = provider.Job{Client: writer, Clusters: elsewhere, Namespace: options.Namespace}
	a.jobs = metadatainformer.NewFilteredSharedInformerFactory(watcher, resync, metav1.NamespaceAll,
		func(list *metav1.ListOptions) { list.LabelSelector = argov1alpha1.LabelAnalysisRunUID })
	return nil
}

// addVendors adds what asks servers of metrics.
func (p *product) addVendors(options *analysisrun.Options) {
	network := provider.Network{Loopback: p.analysisLoopback}
	identity := provider.AWSOfEnvironment(os.LookupEnv)
	accounts := provider.Accounts{
		Secrets: options.Secrets, Namespace: options.Namespace, Given: provider.GivenAccounts(os.LookupEnv),
	}
	maps.Copy(options.Providers, map[string]analysisrun.Provider{
		"prometheus": provider.Prometheus{Network: network, Address: os.Getenv(prometheusAddress), Identity: identity},
		"web":        provider.Web{Network: network},
		"datadog":    provider.Datadog{Network: network, Accounts: accounts, Clock: options.Clock},
		"newRelic":   provider.NewRelic{Network: network, Accounts: accounts},
		"graphite":   provider.Graphite{Network: network},
		"influxdb":   provider.InfluxDB{Network: network, Accounts: accounts},
		"cloudWatch": provider.CloudWatch{Network: network, Identity: identity, Clock: options.Clock},
		"skywalking": provider.SkyWalking{Network: network, Clock: options.Clock},
		"kayenta":    provider.Kayenta{Network: network, Clock: options.Clock},
		"wavefront":  provider.Wavefront{Network: network, Accounts: accounts, Clock: options.Clock},
	})
}

func (a *analyses) connect() error {
	if _, err := a.runs.AddEventHandler(a.reconciler.Handler()); err != nil || a.jobs == nil {
		return err
	}
	_, err := a.jobs.ForResource(batchv1.SchemeGroupVersion.WithResource("jobs")).Informer().
		AddEventHandler(a.reconciler.JobHandler())
	return err
}

// Name is the name in --controllers.
func (*analyses) Name() string { return controllerAnalysisRun }

// Run waits for the caches, then works until ctx ends. Analyses need no destination. The watch of Jobs only saves time:
// without the right to it, runs look at theirs again and again. It outlives a term, as an informer runs once.
func (a *analyses) Run(ctx context.Context) error {
	if a.jobs != nil {
		a.jobs.Start(context.WithoutCancel(ctx).Done())
	}
	if cache.WaitForCacheSync(ctx.Done(), a.runs.HasSynced) {
		a.reconciler.Run(ctx)
	}
	return nil
}
