// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/apiserver"
	"github.com/capstan-dev/capstan/pkg/generated/openapi"
)

const (
	// firstCertificate is how long a start waits for the host cluster to give the serving authority.
	firstCertificate = 30 * time.Second
	// firstStoreCheck is how long a start waits for the host cluster to remember its store; it serves discovery anyway.
	firstStoreCheck = 5 * time.Second
)

// builder holds what New has made so far.
type builder struct {
	options      CompletedOptions
	host         *hostCluster
	certificates *servingCertificates
	guard        *storeGuard
	config       *genericapiserver.RecommendedConfig
	metrics      *prometheus.Registry
	parts        *Parts
}

// connect makes the clients of the host cluster and what depends on them.
func (b *builder) connect(ctx context.Context) (err error) {
	if b.options.Detached != nil {
		return b.makeDetachedCertificate()
	}
	if b.host, err = newHostCluster(b.options.Recommended.CoreAPI.CoreAPIKubeconfigPath); err != nil {
		return err
	}
	if b.options.Recommended.SecureServing.ServerCert.CertKey.CertFile == "" {
		if err := b.makeCertificates(ctx); err != nil {
			return err
		}
	}
	return b.guardStore(ctx)
}

func (b *builder) makeCertificates(ctx context.Context) error {
	service := b.options.ServiceName + "." + b.options.Namespace + ".svc"
	b.certificates = &servingCertificates{
		secrets: b.host.kubernetes.CoreV1().Secrets(b.options.Namespace),
		names:   []string{service, service + ".cluster.local", "localhost"},
		clock:   clock.RealClock{},
	}
	var last error
	err := wait.PollUntilContextTimeout(ctx, time.Second, firstCertificate, true, func(ctx context.Context) (bool, error) {
		last = b.certificates.RunOnce(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("make the serving certificate: %w", errors.Join(last, err))
	}
	b.options.Recommended.SecureServing.ServerCert.GeneratedCert = b.certificates
	return nil
}

// makeDetachedCertificate makes a certificate that no other process needs to know.
func (b *builder) makeDetachedCertificate() error {
	now := time.Now()
	own, err := newIssuer(now)
	if err != nil {
		return err
	}
	made, err := own.issue([]string{"localhost"}, now)
	if err != nil {
		return err
	}
	b.options.Recommended.SecureServing.ServerCert.GeneratedCert, err = dynamiccertificates.NewStaticCertKeyContent(
		"serving-certificate", made.certificate, made.key)
	return err
}

func (b *builder) guardStore(ctx context.Context) error {
	record, err := newEtcdRecord(b.options.Recommended.Etcd.StorageConfig)
	if err != nil {
		return err
	}
	memory := &hostMemory{configMaps: b.host.kubernetes.CoreV1().ConfigMaps(b.options.Namespace)}
	b.guard = newStoreGuard(record, memory, b.options.Namespace)
	ctx, cancel := context.WithTimeout(ctx, firstStoreCheck)
	defer cancel()
	if err := b.guard.Pass(ctx); err != nil {
		klog.FromContext(ctx).Error(err, "The store is not served until it is known to be the right one")
	}
	return nil
}

// configure applies the options, and builds the parts as soon as what they depend on is there.
func (b *builder) configure(ctx context.Context) (*apiserver.Config, error) {
	scheme := install.NewScheme()
	b.config = genericapiserver.NewRecommendedConfig(install.NewCodecs(scheme))
	b.metrics = prometheus.NewRegistry()
	if b.guard != nil {
		if err := b.metrics.Register(newStoreServedGauge(b.guard)); err != nil {
			return nil, err
		}
	}
	apiserver.SetOpenAPI(&b.config.Config, openapi.GetOpenAPIDefinitions, install.NewVersionedScheme())
	if err := b.options.Run.ApplyTo(&b.config.Config); err != nil {
		return nil, err
	}
	if err := b.apply(ctx); err != nil {
		return nil, err
	}
	extra := apiserver.Extra{
		Scheme: scheme, Storage: b.parts.Storage, Guard: b.storeGuard(), Handlers: b.parts.Handlers, Metrics: b.metrics,
	}
	return &apiserver.Config{GenericConfig: b.config, Extra: extra}, nil
}

// storeGuard returns what says whether the store is served.
func (b *builder) storeGuard() apiserver.StoreGuard {
	if b.guard != nil {
		return b.guard
	}
	return b.options.Detached.Guard
}

// apply applies the recommended options; those of admission come last and need the parts.
func (b *builder) apply(ctx context.Context) error {
	recommended := *b.options.Recommended
	if b.options.Detached != nil {
		recommended.Admission = nil
	}
	recommended.ExtraAdmissionInitializers = func(
		*genericapiserver.RecommendedConfig,
	) (_ []admission.PluginInitializer, err error) {
		if detached := b.options.Detached; detached != nil {
			b.config.Authentication.Authenticator = detached.Authenticator
			b.config.Authorization.Authorizer = detached.Authorizer
		}
		if b.parts, err = b.options.Assembly.build(ctx, b.dependencies()); err != nil {
			return nil, err
		}
		return b.parts.AdmissionInitializers, nil
	}
	if err := recommended.ApplyTo(b.config); err != nil {
		return err
	}
	if b.options.Detached != nil {
		return b.admitDetached()
	}
	return nil
}

func (b *builder) dependencies() Dependencies {
	d := Dependencies{
		Loopback:   rest.CopyConfig(b.config.LoopbackClientConfig),
		Authorizer: b.config.Authorization.Authorizer,
		Guard:      b.storeGuard(),
		Scheme:     install.NewScheme(),
		Metrics:    b.metrics,
		Namespace:  b.options.Namespace,
		DataDir:    b.options.DataDir,
	}
	d.Loopback.QPS = -1
	if b.host != nil {
		d.Host = rest.CopyConfig(b.host.config)
	}
	return d
}

// admitDetached runs the plugins of the assembly alone: the generic ones read their policies from a host cluster.
func (b *builder) admitDetached() error {
	own := admission.NewPlugins()
	var names []string
	if register := b.options.Assembly.RegisterAdmission; register != nil {
		names = register(own)
	}
	noFiles, err := admission.ReadAdmissionConfiguration(names, "", nil)
	if err != nil {
		return err
	}
	generic := initializer.New(nil, nil, nil, b.config.Authorization.Authorizer, b.config.FeatureGate,
		b.config.EffectiveVersion, b.config.DrainedNotify(), nil)
	initializers := append(admission.PluginInitializers{generic}, b.parts.AdmissionInitializers...)
	chain, err := own.NewFromPlugins(names, noFiles, initializers, b.options.Recommended.Admission.Decorators)
	if err != nil {
		return fmt.Errorf("set up admission: %w", err)
	}
	b.config.AdmissionControl = chain
	return nil
}

// registration is where the host cluster finds this server, with the bundle that is shared by all replicas now.
func (b *builder) registration(ctx context.Context) (registration, error) {
	want := registration{
		Namespace: b.options.Namespace, Name: b.options.ServiceName, Port: b.options.ServicePort,
	}
	if b.certificates == nil {
		return want, nil
	}
	err := b.certificates.RunOnce(ctx)
	want.CABundle = b.certificates.Bundle()
	return want, err
}

// controllers chooses the controllers that run, and who leads among the replicas.
func (b *builder) controllers(elect bool) (*controllerGroup, error) {
	group := &controllerGroup{lead: func(ctx context.Context, work func(ctx context.Context)) { work(ctx) }}
	for _, c := range b.parts.Controllers {
		if controllerEnabled(c.Name(), b.options.Controllers) {
			group.controllers = append(group.controllers, c)
		}
	}
	if b.guard != nil {
		group.served = b.guard.Served()
	}
	if !elect || len(group.controllers) == 0 {
		return group, nil
	}
	l, err := newLeader(b.host.kubernetes.CoordinationV1(), b.options.Namespace)
	if err != nil {
		return nil, err
	}
	group.lead = l.Lead
	return group, nil
}
