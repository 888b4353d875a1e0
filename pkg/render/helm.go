// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// helm renders the chart of the source, with the result that helm template has in Argo CD
// (as Argo CD 3.5: reposerver/repository helmTemplate). It returns what is different with
// each render.
func (w *work) helm(out *output) (string, error) {
	options := v1alpha1.ApplicationSourceHelm{}
	if w.source.Helm != nil {
		options = *w.source.Helm
	}
	if !slices.Contains([]string{"", "v2", "v3", "v4"}, options.Version) {
		return "", fault(ReasonUnsupported, "", "spec.source.helm.version %q is not known: leave it out", options.Version)
	}
	named, err := w.release(options)
	if err != nil {
		return "", err
	}
	files, err := w.chartFiles()
	if err != nil {
		return "", err
	}
	templating := &templating{work: w, options: options, release: named, files: files, lent: map[string][]file{}}
	if err := templating.run(out, newRandomness(0)); err != nil {
		return "", err
	}
	return templating.instability(out)
}

// release returns the name and the namespace that templates see. Helm's limit on a name
// keeps what charts derive from it within that of Kubernetes.
func (w *work) release(options v1alpha1.ApplicationSourceHelm) (common.ReleaseOptions, error) {
	name, namespace := options.ReleaseName, options.Namespace
	if name == "" {
		name = w.pipe.variable("ARGOCD_APP_NAME")
		// An instance name has the Application's namespace before it.
		if _, bare, elsewhere := strings.Cut(name, "_"); elsewhere {
			name = bare
		}
	}
	if namespace == "" {
		namespace = cmp.Or(w.pipe.variable("ARGOCD_APP_NAMESPACE"), "default")
	}
	if err := chartutil.ValidateReleaseName(name); err != nil {
		return common.ReleaseOptions{}, fault(ReasonInvalid, "",
			"the name of the release is %q, which has more than 53 characters or others than a-z, 0-9, - and .: "+
				"set spec.source.helm.releaseName", name)
	}
	return common.ReleaseOptions{Name: name, Namespace: namespace, Revision: 1, IsInstall: true}, nil
}

// templating renders one chart with one set of options, as often as it is asked.
type templating struct {
	work    *work
	options v1alpha1.ApplicationSourceHelm
	release common.ReleaseOptions
	files   []file
	// lent are the files of charts from elsewhere.
	lent map[string][]file
	// called are the functions of the templates that have another result each time.
	called []string
}

func (t *templating) run(out *output, random *randomness) error {
	loaded, err := t.load()
	if err != nil {
		return err
	}
	values, err := t.work.helmValues(t.options)
	if err != nil {
		return err
	}
	input, err := t.input(loaded, values)
	if err != nil {
		return err
	}
	engine := engine.Engine{CustomTemplateFuncs: random.functions()}
	made, err := engine.RenderWithContext(context.Background(), loaded, input)
	if err != nil {
		return t.invalid(err)
	}
	t.called = random.names()
	return t.collect(out, loaded, made)
}

// input returns what templates see, after the chart was found to fit values and cluster.
func (t *templating) input(loaded *chart.Chart, values map[string]any) (common.Values, error) {
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return nil, t.invalid(err)
	}
	destination := &destination{pipe: t.work.pipe, options: t.options}
	if err := destination.supports(loaded); err != nil {
		return nil, err
	}
	skip := isTrue(t.options.SkipSchemaValidation)
	if !skip {
		if err := t.refuseRemoteSchemas(loaded); err != nil {
			return nil, err
		}
	}
	input, err := util.ToRenderValuesWithSchemaValidation(loaded, values, t.release, nil, skip)
	if err != nil {
		return nil, t.invalid(err)
	}
	input["Capabilities"], err = destination.capabilities(loaded, input["Values"])
	return input, err
}

// load makes a chart of the files; charts that Chart.yaml does not list come in the order
// of their names.
func (t *templating) load() (*chart.Chart, error) {
	loaded, err := loader.LoadFiles(buffered(t.files))
	if err != nil {
		return nil, t.invalid(err)
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, fault(ReasonInvalid, t.work.root, "is a %s chart, which renders nothing by itself: "+
			"name a chart that depends on it", kind)
	}
	if err := t.complete(loaded); err != nil {
		return nil, err
	}
	order(loaded)
	return loaded, nil
}

func order(loaded *chart.Chart) {
	charts := slices.Clone(loaded.Dependencies())
	slices.SortStableFunc(charts, func(a, b *chart.Chart) int {
		return cmp.Or(strings.Compare(a.Name(), b.Name()), strings.Compare(a.Metadata.Version, b.Metadata.Version))
	})
	loaded.SetDependencies(charts...)
	for _, below := range charts {
		order(below)
	}
}

// collect adds what helm template would print: definitions, objects by kind, then hooks.
func (t *templating) collect(out *output, loaded *chart.Chart, made map[string]string) error {
	for name := range made {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(made, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(made, nil, releaseutil.InstallOrder)
	if err != nil {
		return t.invalid(err)
	}
	if !isTrue(t.options.SkipCrds) {
		for _, crd := range loaded.CRDObjects() {
			if err := out.parseRendered(crd.Filename, crd.File.Data); err != nil {
				return err
			}
		}
	}
	for _, m := range manifests {
		if err := out.parseRendered(m.Name, []byte(m.Content)); err != nil {
			return err
		}
	}
	for _, hook := range hooks {
		if isTrue(t.options.SkipTests) && slices.Contains(hook.Events, release.HookTest) {
			continue
		}
		if err := out.parseRendered(hook.Path, []byte(hook.Manifest)); err != nil {
			return err
		}
	}
	return nil
}

// invalid words an error of helm, which knows few kinds of errors.
func (t *templating) invalid(err error) error {
	return fault(ReasonInvalid, t.work.root, "helm: %s", concise(err))
}
