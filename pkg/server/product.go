// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	cliflag "k8s.io/component-base/cli/flag"

	capstanadmission "github.com/capstan-dev/capstan/pkg/admission"
	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apiserver"
	"github.com/capstan-dev/capstan/pkg/plugin"
	"github.com/capstan-dev/capstan/pkg/registry/application"
	"github.com/capstan-dev/capstan/pkg/registry/applicationset"
	"github.com/capstan-dev/capstan/pkg/registry/appproject"
	"github.com/capstan-dev/capstan/pkg/registry/approval"
	"github.com/capstan-dev/capstan/pkg/registry/cluster"
	"github.com/capstan-dev/capstan/pkg/registry/healthreview"
	"github.com/capstan-dev/capstan/pkg/registry/promotionpolicy"
	"github.com/capstan-dev/capstan/pkg/registry/rollout"
	"github.com/capstan-dev/capstan/pkg/registry/syncrun"
	"github.com/capstan-dev/capstan/pkg/render"
)

// product is what the flags of the parts decide.
type product struct {
	// gitInterval is how old Git references may be.
	gitInterval time.Duration
	// allowFile lets Applications read repositories from this machine's disk.
	allowFile bool
	// submodules lets renders read the submodules of Git repositories.
	submodules bool
	// pluginSockets is the directory of the sockets of config management plugins.
	pluginSockets string
	// workers is how many Applications of one destination and repository are reconciled side by side.
	workers int
	// retention is how long SyncRuns are kept.
	retention time.Duration
	// analysisLoopback lets analyses ask this machine.
	analysisLoopback bool
	// cacheDir holds what can be fetched and rendered again.
	cacheDir string
}

// NewAssembly returns the product: every kind, plugin and controller is named here once.
func NewAssembly() *Assembly {
	const twoMinutes, ninetyDays = 2 * time.Minute, 90 * 24 * time.Hour
	p := &product{gitInterval: twoMinutes, submodules: true, workers: 20, retention: ninetyDays}
	return &Assembly{
		AddFlags: p.addFlags,
		Validate: p.validate,
		RegisterAdmission: func(plugins *admission.Plugins) []string {
			capstanadmission.Register(plugins)
			return capstanadmission.Order()
		},
		ControllerNames: []string{
			controllerApplication, controllerApplicationSet, controllerCluster, controllerAppProject, controllerAnalysisRun,
			controllerRollout, controllerExperiment,
		},
		PublicPaths: []string{webhookPath},
		Build:       p.build,
	}
}

func (p *product) addFlags(sets *cliflag.NamedFlagSets) {
	fs := sets.FlagSet("reconcilers")
	fs.DurationVar(&p.gitInterval, "git-poll-interval", p.gitInterval,
		"How often a Git repository in use is asked for its references, where no webhook tells of a push.")
	fs.BoolVar(&p.allowFile, "git-allow-file", p.allowFile,
		"Let Applications read repositories from this machine's disk (file:// URLs). For tests only.")
	fs.BoolVar(&p.submodules, "git-submodules", p.submodules,
		"Read the submodules of Git repositories, as far as the project of an Application permits theirs.")
	fs.StringVar(&p.pluginSockets, "plugin-sockets", p.pluginSockets,
		"Directory with the sockets of config management plugins, <name>.sock each; empty means that there are none.")
	fs.IntVar(&p.workers, "application-workers", p.workers,
		"How many Applications of one destination and repository are reconciled side by side.")
	fs.DurationVar(&p.retention, "syncrun-retention", p.retention,
		"How long the record of a sync, a Plan that is not deployed, and an Approval for an Application that is gone "+
			"are kept; 0 is for ever.")
	fs.BoolVar(&p.analysisLoopback, "analysis-allow-loopback", p.analysisLoopback,
		"Let analyses measure by servers of this machine (127.0.0.1). For tests only.")
	fs.StringVar(&p.cacheDir, "cache-dir", p.cacheDir,
		"Where repositories and renders are kept between starts; empty is a folder in --data-dir.")
}

func (p *product) validate() []error {
	var errs []error
	if p.gitInterval <= 0 {
		errs = append(errs, fmt.Errorf("--git-poll-interval: %s: must be above zero", p.gitInterval))
	}
	if p.workers <= 0 {
		errs = append(errs, fmt.Errorf("--application-workers: %d: must be above zero", p.workers))
	}
	if p.retention < 0 {
		errs = append(errs, fmt.Errorf("--syncrun-retention: %s: must not be below zero", p.retention))
	}
	return errs
}

// plugins are those of the directory of sockets, nil where there is none.
func (p *product) plugins() render.Plugins {
	if p.pluginSockets == "" {
		return nil
	}
	return plugin.In(p.pluginSockets)
}

// cacheIn returns where caches are kept.
func (p *product) cacheIn(d Dependencies) (string, error) {
	switch {
	case p.cacheDir != "":
		return p.cacheDir, nil
	case d.DataDir != "":
		return filepath.Join(d.DataDir, "cache"), nil
	default:
		return "", errors.New("--cache-dir: say where to keep repositories and renders, or give --data-dir")
	}
}

// build makes the stages once, and hands the same to the storage and to the controllers.
func (p *product) build(ctx context.Context, d Dependencies) (*Parts, error) {
	c, err := p.newControl(ctx, d)
	if err != nil {
		return nil, err
	}
	return &Parts{
		Storage:               p.storage(d, c),
		AdmissionInitializers: []admission.PluginInitializer{capstanadmission.Initializer{Projects: c, Gate: c.desk}},
		Background:            []func(context.Context){c.background},
		Controllers:           c.controllers(),
		Handlers:              map[string]http.Handler{webhookPath: c.webhook()},
	}, nil
}

// storage names every kind that is served.
func (p *product) storage(d Dependencies, c *control) map[schema.GroupVersion][]apiserver.StorageProvider {
	inspector := c.inspector()
	return map[schema.GroupVersion][]apiserver.StorageProvider{
		argov1alpha1.SchemeGroupVersion: {
			c.direct.to(&application.Provider{
				Scheme: d.Scheme, Renderer: c.applications, Differ: c.applications, Runs: c,
				Trees: inspector, Events: inspector, Logs: inspector, Actions: inspector,
				Gate: c.desk, Planner: c.applications, Approvals: c.desk,
			}),
			&applicationset.Provider{Scheme: d.Scheme},
			&appproject.Provider{Scheme: d.Scheme},
			c.direct.to(&rollout.Provider{
				Scheme: d.Scheme, Revisions: revisions{c.hostClient, c.clusters}, Gate: c.desk, Recorder: c.events,
				Authorizer: d.Authorizer,
			}),
			c.direct.to(analysisKinds(d.Scheme, d.Authorizer, c.desk)),
		},
		capstanv1alpha1.SchemeGroupVersion: {
			&cluster.Provider{Scheme: d.Scheme, Gate: c.desk},
			&syncrun.Provider{Scheme: d.Scheme, Retention: p.retention},
			&promotionpolicy.Provider{Scheme: d.Scheme, Gate: everywhere{c.desk}},
			c.plans,
			&approval.Provider{Scheme: d.Scheme},
			healthreview.Provider{Rater: reviewer{c.rules}},
		},
	}
}
