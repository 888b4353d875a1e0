// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// destination answers what a chart wants to know of its cluster: as the options say, else
// as the cluster says.
type destination struct {
	pipe    *pipe
	options v1alpha1.ApplicationSourceHelm
}

// kubeVersion returns the version without what providers add to it (as Argo CD 3.5:
// reposerver/repository parseKubeVersion).
func (d *destination) kubeVersion() (*common.KubeVersion, error) {
	text, field := d.options.KubeVersion, "spec.source.helm.kubeVersion"
	if text == "" {
		data, _ := d.pipe.ask(frameCluster, askKubeVersion)
		text, field = string(data), "the version of the cluster"
	}
	parsed, err := version.ParseGeneric(text)
	if err != nil {
		return nil, fault(ReasonInvalid, "", "%s: %q is not a version", field, text)
	}
	return common.ParseKubeVersion(parsed.String())
}

// supports fails where the chart is not made for the cluster.
func (d *destination) supports(loaded *chart.Chart) error {
	if loaded.Metadata.KubeVersion == "" {
		return nil
	}
	found, err := d.kubeVersion()
	if err != nil {
		return err
	}
	if !chartutil.IsCompatibleRange(loaded.Metadata.KubeVersion, found.String()) {
		return fault(ReasonInvalid, "", "the chart is made for Kubernetes %s, and the destination has %s",
			loaded.Metadata.KubeVersion, found.Version)
	}
	return nil
}

// capabilities returns what templates see as .Capabilities.
func (d *destination) capabilities(loaded *chart.Chart, values any) (*capabilities, error) {
	made := &capabilities{destination: d}
	switch whole, err := wantsAllVersions(loaded, values); {
	case err != nil:
		return nil, err
	case len(d.options.APIVersions) > 0:
		made.versions = append(append(common.VersionSet{}, common.DefaultVersionSet...), d.options.APIVersions...)
	case whole:
		data, _ := d.pipe.ask(frameCluster, askAPIVersions)
		made.versions = common.VersionSet(strings.Split(string(data), "\n"))
	}
	return made, nil
}

// wantsAllVersions reports whether a template may do something else with the API versions
// than ask for single ones. It is wider than it need be, never narrower.
func wantsAllVersions(loaded *chart.Chart, values any) (bool, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return false, fault(ReasonInvalid, "", "the values cannot be written as JSON: %s", concise(err))
	}
	mention := regexp.MustCompile(`APIVersions(\.Has\b)?`)
	asksAll := func(text []byte) bool {
		for _, found := range mention.FindAll(text, -1) {
			if !strings.HasSuffix(string(found), ".Has") {
				return true
			}
		}
		return false
	}
	return asksAll(data) || anyTemplate(loaded, asksAll), nil
}

func anyTemplate(loaded *chart.Chart, holds func([]byte) bool) bool {
	for _, template := range append(loaded.Templates, loaded.Files...) {
		if holds(template.Data) {
			return true
		}
	}
	for _, below := range loaded.Dependencies() {
		if anyTemplate(below, holds) {
			return true
		}
	}
	return false
}

// capabilities stands for helm's type of the name in templates, and asks for each thing
// when a template does.
type capabilities struct {
	destination *destination
	// versions are the API versions where they are all wanted.
	versions common.VersionSet
}

// KubeVersion returns the version of the cluster.
func (c *capabilities) KubeVersion() (*common.KubeVersion, error) { return c.destination.kubeVersion() }

// HelmVersion returns the version of the helm library.
func (c *capabilities) HelmVersion() any { return common.DefaultCapabilities.HelmVersion }

// APIVersions returns the API versions of the cluster.
func (c *capabilities) APIVersions() any {
	if c.versions != nil {
		return c.versions
	}
	return apiVersions{pipe: c.destination.pipe}
}

// apiVersions answers for single API versions.
type apiVersions struct {
	pipe *pipe
}

// Has reports whether the cluster serves a group version, or a kind of one.
func (a apiVersions) Has(name string) bool {
	if name == askKubeVersion || name == askAPIVersions || len(name) > maxPathBytes {
		return false
	}
	_, served := a.pipe.ask(frameCluster, name)
	return served
}
