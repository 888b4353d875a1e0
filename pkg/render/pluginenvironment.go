// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/plugin"
)

// pluginEnvironment is what a plugin gets: the build environment, the variables of the source behind ARGOCD_ENV_,
// and its parameters as JSON and one by one (as Argo CD 3.5: reposerver/repository getPluginEnvs).
func pluginEnvironment(input Input, options *v1alpha1.ApplicationSourcePlugin) ([]plugin.Variable, error) {
	var environment []plugin.Variable
	add := func(name, value string) {
		environment = append(environment, plugin.Variable{Name: name, Value: value})
	}
	for _, name := range []string{
		"ARGOCD_APP_NAME", "ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_REVISION",
		"ARGOCD_APP_REVISION_SHORT", "ARGOCD_APP_REVISION_SHORT_8", "ARGOCD_APP_SOURCE_REPO_URL",
		"ARGOCD_APP_SOURCE_PATH", "ARGOCD_APP_SOURCE_TARGET_REVISION",
	} {
		add(name, input.variable(name))
	}
	if input.Destination != nil {
		version, err := input.Destination.KubeVersion()
		if err != nil {
			return nil, err
		}
		served, err := input.Destination.APIVersions()
		if err != nil {
			return nil, err
		}
		add("KUBE_VERSION", version)
		add("KUBE_API_VERSIONS", strings.Join(served, ","))
	}
	if options == nil {
		return environment, nil
	}
	for _, variable := range options.Env {
		add("ARGOCD_ENV_"+variable.Name, substitute(variable.Value, input.variable))
	}
	all, err := json.Marshal(options.Parameters)
	if err != nil {
		return nil, fmt.Errorf("encode spec.source.plugin.parameters: %w", err)
	}
	add("ARGOCD_APP_PARAMETERS", string(all))
	for _, parameter := range options.Parameters {
		addParameter(add, parameter)
	}
	return environment, nil
}

// addParameter adds a parameter by each form that it has (as Argo CD 3.5: ApplicationSourcePluginParameters.Environ).
func addParameter(add func(name, value string), parameter v1alpha1.ApplicationSourcePluginParameter) {
	name := "PARAM_" + variableName(parameter.Name)
	if parameter.String != nil {
		add(name, *parameter.String)
	}
	for _, key := range slices.Sorted(maps.Keys(parameter.Map)) {
		add(name+"_"+variableName(key), parameter.Map[key])
	}
	for i, value := range parameter.Array {
		add(fmt.Sprintf("%s_%d", name, i), value)
	}
}

// variableName makes a name fit for an environment.
func variableName(name string) string {
	return regexp.MustCompile(`[^A-Z0-9_]`).ReplaceAllString(strings.ToUpper(name), "_")
}
