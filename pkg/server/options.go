// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/compatibility"
	cliflag "k8s.io/component-base/cli/flag"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"

	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/apiserver"
)

const (
	defaultEtcdPrefix = "/capstan"
	defaultDataDir    = "/var/lib/capstan"
	defaultPort       = 6443
	shutdownDelay     = 5 * time.Second
	watchGrace        = 10 * time.Second
	// deleteWorkers is how many objects of a collection are deleted side by side: each asks the gate, and those who ask
	// at the same time share an answer.
	deleteWorkers = 8
)

// Detached lets a server run without a host cluster: no delegation, registration, leader election, store guard or
// policies. Tests of the API use it.
type Detached struct {
	// Authenticator knows callers beside the loopback identity.
	Authenticator authenticator.Request
	// Authorizer decides on requests.
	Authorizer authorizer.Authorizer
	// Guard stands for the one that asks a host cluster; nil serves any store.
	Guard apiserver.StoreGuard
}

// Options is what the command line decides.
type Options struct {
	// Recommended holds the options of every aggregated API server.
	Recommended *genericoptions.RecommendedOptions
	// Run holds the limits and delays of the generic server.
	Run *genericoptions.ServerRunOptions
	// Logs holds the logging options.
	Logs *logsapi.LoggingConfiguration

	// Namespace is the control-plane namespace in the host cluster.
	Namespace string
	// ServiceName and ServicePort are where the host cluster's aggregator reaches this server.
	ServiceName string
	ServicePort int32
	// DataDir keeps the embedded etcd, which is started where no --etcd-servers are given.
	DataDir string
	// Controllers chooses the controllers that run.
	Controllers []string
	// Register keeps the APIServices of the host cluster pointing at this server.
	Register bool

	// Assembly is what the server is put together from.
	Assembly *Assembly
	// Detached runs without a host cluster; nil uses one.
	Detached *Detached
}

// NewOptions returns the defaults. Feature gates are set on the gate that is given.
func NewOptions(assembly *Assembly, gate featuregate.MutableVersionedFeatureGate) (*Options, error) {
	globals := basecompatibility.NewComponentGlobalsRegistry()
	version := compatibility.DefaultBuildEffectiveVersion()
	if err := globals.Register(basecompatibility.DefaultKubeComponent, version, gate); err != nil {
		return nil, err
	}
	codecs := install.NewCodecs(install.NewScheme())
	o := &Options{
		Recommended: genericoptions.NewRecommendedOptions(defaultEtcdPrefix, codecs.LegacyCodec(groupVersions()...)),
		Run:         genericoptions.NewServerRunOptionsForComponent(basecompatibility.DefaultKubeComponent, globals),
		Logs:        logsapi.NewLoggingConfiguration(),
		Namespace:   "argocd",
		ServiceName: "capstan-apiserver",
		ServicePort: 443,
		DataDir:     defaultDataDir,
		Controllers: []string{allControllers},
		Register:    true,
		Assembly:    assembly,
	}
	o.Recommended.FeatureGate = gate
	o.Recommended.SecureServing.BindPort = defaultPort
	o.Run.ShutdownDelayDuration = shutdownDelay
	o.Run.ShutdownWatchTerminationGracePeriod = watchGrace
	o.Run.ShutdownSendRetryAfter = true
	o.Recommended.Etcd.DeleteCollectionWorkers = deleteWorkers
	o.addAdmission()
	return o, nil
}

// addAdmission puts our plugins after the check of the namespace and before the host cluster's policies and webhooks,
// which judge what ours have settled.
func (o *Options) addAdmission() {
	if o.Assembly.RegisterAdmission == nil {
		return
	}
	names := o.Assembly.RegisterAdmission(o.Recommended.Admission.Plugins)
	order := o.Recommended.Admission.RecommendedPluginOrder
	o.Recommended.Admission.RecommendedPluginOrder = slices.Insert(slices.Clone(order), 1, names...)
}

// AddFlags adds every flag, in named sets.
func (o *Options) AddFlags(sets *cliflag.NamedFlagSets) error {
	o.addOwnFlags(sets)
	if o.Assembly.AddFlags != nil {
		o.Assembly.AddFlags(sets)
	}
	r := o.Recommended
	r.Etcd.AddFlags(sets.FlagSet("etcd"))
	r.SecureServing.AddFlags(sets.FlagSet("secure serving"))
	r.Authentication.AddFlags(sets.FlagSet("authentication"))
	r.Authorization.AddFlags(sets.FlagSet("authorization"))
	r.Audit.AddFlags(sets.FlagSet("audit"))
	r.Features.AddFlags(sets.FlagSet("features"))
	r.CoreAPI.AddFlags(sets.FlagSet("host cluster"))
	r.Admission.AddFlags(sets.FlagSet("admission"))
	r.EgressSelector.AddFlags(sets.FlagSet("egress selector"))
	r.Traces.AddFlags(sets.FlagSet("traces"))
	o.Run.AddUniversalFlags(sets.FlagSet("generic"))
	logsapi.AddFlags(o.Logs, sets.FlagSet("logs"))
	return hideInertFlags(sets)
}

func (o *Options) addOwnFlags(sets *cliflag.NamedFlagSets) {
	fs := sets.FlagSet("capstan")
	fs.StringVar(&o.Namespace, "namespace", o.Namespace, "The control-plane namespace in the host cluster: where "+
		"Applications, AppProjects and the Secrets of repositories and clusters are.")
	fs.StringVar(&o.ServiceName, "service-name", o.ServiceName, "The Service in --namespace that leads to this server.")
	fs.Int32Var(&o.ServicePort, "service-port", o.ServicePort, "The port of that Service.")
	fs.StringVar(&o.DataDir, "data-dir", o.DataDir, "Where an embedded etcd keeps its data when --etcd-servers is empty.")
	fs.BoolVar(&o.Register, "register", o.Register,
		"Keep the APIServices of the host cluster pointing at this server, with the bundle of its certificates.")
	fs.StringSliceVar(&o.Controllers, "controllers", o.Controllers, fmt.Sprintf("The controllers to run: '*' is all, "+
		"'foo' runs foo, '-foo' leaves foo out. Known are %q.", o.Assembly.ControllerNames))
}

// hideInertFlags hides flags of the generic options that have no effect: one store holds all kinds, and the
// certificates that this server makes itself are kept in the host cluster.
func hideInertFlags(sets *cliflag.NamedFlagSets) error {
	return errors.Join(
		sets.FlagSet("etcd").MarkHidden("etcd-servers-overrides"),
		sets.FlagSet("etcd").MarkHidden("storage-media-type"),
		sets.FlagSet("secure serving").MarkHidden("cert-dir"),
	)
}

// CompletedOptions are options that Complete has filled in; nothing else can make them.
type CompletedOptions struct {
	*completedOptions
}

type completedOptions struct {
	*Options
}

// Complete fills in what follows from other options. It changes the receiver.
func (o *Options) Complete() (CompletedOptions, error) {
	if err := o.Run.Complete(); err != nil {
		return CompletedOptions{}, err
	}
	r := o.Recommended
	r.Authorization.WithAlwaysAllowPaths(o.Assembly.PublicPaths...)
	if r.Authentication.RemoteKubeConfigFile == "" {
		r.Authentication.RemoteKubeConfigFile = r.CoreAPI.CoreAPIKubeconfigPath
	}
	if r.Authorization.RemoteKubeConfigFile == "" {
		r.Authorization.RemoteKubeConfigFile = r.CoreAPI.CoreAPIKubeconfigPath
	}
	r.SecureServing.ServerCert.CertDirectory = ""
	if o.Detached != nil {
		o.detach()
	}
	return CompletedOptions{&completedOptions{o}}, nil
}

// detach switches off what needs a host cluster. No garbage collector would act on a finalizer for it either.
func (o *Options) detach() {
	r := o.Recommended
	r.CoreAPI, r.Authentication, r.Authorization = nil, nil, nil
	r.Features.EnablePriorityAndFairness = false
	r.Etcd.EnableGarbageCollection = false
	o.Register = false
}

// Validate returns every fault, each naming its flag.
func (o CompletedOptions) Validate() []error {
	errs := o.validateOwn()
	errs = append(errs, o.validateStore()...)
	r := o.Recommended
	errs = append(errs, r.SecureServing.Validate()...)
	errs = append(errs, r.Authentication.Validate()...)
	errs = append(errs, r.Authorization.Validate()...)
	errs = append(errs, r.Audit.Validate()...)
	errs = append(errs, r.Features.Validate()...)
	errs = append(errs, r.Admission.Validate()...)
	errs = append(errs, r.EgressSelector.Validate()...)
	errs = append(errs, r.Traces.Validate()...)
	errs = append(errs, o.Run.Validate()...)
	if o.Assembly.Validate != nil {
		errs = append(errs, o.Assembly.Validate()...)
	}
	return errs
}

func (o CompletedOptions) validateOwn() []error {
	var errs []error
	for _, problem := range validation.IsDNS1123Label(o.Namespace) {
		errs = append(errs, fmt.Errorf("--namespace: %q: %s", o.Namespace, problem))
	}
	for _, problem := range validation.IsDNS1035Label(o.ServiceName) {
		errs = append(errs, fmt.Errorf("--service-name: %q: %s", o.ServiceName, problem))
	}
	for _, problem := range validation.IsValidPortNum(int(o.ServicePort)) {
		errs = append(errs, fmt.Errorf("--service-port: %d: %s", o.ServicePort, problem))
	}
	return append(errs, validateControllers(o.Controllers, o.Assembly.ControllerNames)...)
}

func (o CompletedOptions) validateStore() []error {
	etcd := *o.Recommended.Etcd
	if o.embedded() {
		if o.DataDir == "" {
			return []error{errors.New("--data-dir: say where the embedded etcd keeps its data, or give --etcd-servers")}
		}
		etcd.StorageConfig.Transport.ServerList = []string{"embedded"}
	}
	return etcd.Validate()
}

// embedded tells whether this process runs etcd itself.
func (o CompletedOptions) embedded() bool {
	return len(o.Recommended.Etcd.StorageConfig.Transport.ServerList) == 0
}
