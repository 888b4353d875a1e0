// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"path"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// mergeOverrides merges the option files of the repository into the source (as Argo CD 3.5:
// reposerver/repository mergeSourceParameters). They decide about options only, never about
// where the files are.
func (w *work) mergeOverrides() error {
	merged := w.source
	file := path.Join(w.root, ".argocd-source.yaml")
	data, err := w.links.read(file)
	if err != nil && !missing(err) {
		return err
	}
	if err == nil {
		if merged, err = mergeOverride(merged, file, data); err != nil {
			return err
		}
	}
	if data, ok := w.pipe.override(w.root); ok {
		file = path.Join(w.root, ".argocd-source-<application>.yaml")
		if merged, err = mergeOverride(merged, file, data); err != nil {
			return err
		}
	}
	w.source.Helm, w.source.Kustomize = merged.Helm, merged.Kustomize
	w.source.Directory, w.source.Plugin = merged.Directory, merged.Plugin
	return nil
}

func mergeOverride(
	src v1alpha1.ApplicationSource, file string, data []byte,
) (v1alpha1.ApplicationSource, error) {
	merged := v1alpha1.ApplicationSource{}
	patch, err := yaml.YAMLToJSON(data)
	if err != nil {
		return merged, fault(ReasonInvalid, file, "is not valid YAML: %s", concise(err))
	}
	current, err := json.Marshal(src)
	if err != nil {
		return merged, err
	}
	result, err := jsonpatch.MergePatch(current, patch)
	if err != nil {
		return merged, fault(ReasonInvalid, file, "must hold fields of an Application's source")
	}
	if err := json.Unmarshal(result, &merged); err != nil {
		return merged, fault(ReasonInvalid, file, "must hold fields of an Application's source: %s", concise(err))
	}
	return merged, nil
}

// detect returns the tool of the source: the one whose options are set, else what the files
// in its directory call for. Plugins are asked first. A directory with a chart and a kustomization is Kustomize's (as
// Argo CD 3.5: util/app/discovery, where the last name in order wins).
func (w *work) detect() (v1alpha1.ApplicationSourceType, error) {
	explicit := explicitTypes(w.source)
	switch {
	case len(explicit) > 1:
		return "", fault(ReasonInvalid, "",
			"spec.source sets %s: keep the options of one tool", strings.Join(explicit, " and "))
	case len(explicit) == 1:
		return typeOfField(explicit[0]), nil
	}
	claimed, err := w.discover()
	if err != nil {
		return "", err
	}
	if claimed != "" {
		w.source.Plugin = &v1alpha1.ApplicationSourcePlugin{Name: claimed}
		return v1alpha1.ApplicationSourceTypePlugin, nil
	}
	for _, name := range kustomizationNames() {
		if w.has(name) {
			return v1alpha1.ApplicationSourceTypeKustomize, nil
		}
	}
	if w.has("Chart.yaml") {
		return v1alpha1.ApplicationSourceTypeHelm, nil
	}
	return v1alpha1.ApplicationSourceTypeDirectory, nil
}

func (w *work) has(name string) bool {
	_, err := w.tree.Stat(path.Join(w.root, name))
	return err == nil
}

func explicitTypes(src v1alpha1.ApplicationSource) []string {
	var fields []string
	if src.Helm != nil {
		fields = append(fields, "helm")
	}
	if src.Kustomize != nil {
		fields = append(fields, "kustomize")
	}
	if src.Directory != nil {
		fields = append(fields, "directory")
	}
	if src.Plugin != nil {
		fields = append(fields, "plugin")
	}
	return fields
}

func typeOfField(field string) v1alpha1.ApplicationSourceType {
	switch field {
	case "helm":
		return v1alpha1.ApplicationSourceTypeHelm
	case "kustomize":
		return v1alpha1.ApplicationSourceTypeKustomize
	case "plugin":
		return v1alpha1.ApplicationSourceTypePlugin
	}
	return v1alpha1.ApplicationSourceTypeDirectory
}

// concise bounds the text of a library's error and keeps the content of files out of it.
func concise(err error) string {
	const longest = 1000
	text := err.Error()
	for _, quote := range []string{
		" with config: `", " from [", "json: cannot unmarshal", "in '{", ": {\"", "Object 'Kind'",
	} {
		if at := strings.Index(text, quote); at >= 0 {
			text = strings.TrimRight(text[:at], " :") + " (a value is not of the expected form)"
		}
	}
	if len(text) > longest {
		text = text[:longest] + " …"
	}
	return strings.ReplaceAll(text, mountPoint+"/", "")
}
