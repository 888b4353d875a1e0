// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/source"
)

// outputVersion changes when the same files and options give other manifests than before.
const outputVersion = "1"

// rendererVersion names everything in this binary that decides about the output.
func rendererVersion() string {
	version := outputVersion
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	for _, dependency := range info.Deps {
		switch dependency.Path {
		case "sigs.k8s.io/kustomize/api", "sigs.k8s.io/kustomize/kyaml", "sigs.k8s.io/yaml",
			"helm.sh/helm/v4", "github.com/Masterminds/sprig/v3", "github.com/google/go-jsonnet":
			version += " " + dependency.Path + "@" + dependency.Version
		}
	}
	return version
}

// key names renders that may share a result where their read-sets agree.
type key = manifest.Digest

// keyOf digests what a render depends on besides the answers of its tree. Variables are
// part of the key only where the options use them, so that Applications which differ in
// name alone share renders.
func keyOf(version string, input Input) (key, error) {
	options := optionsOf(input.Source)
	data, err := json.Marshal(struct {
		Version    string
		Repository string
		Mounts     []string `json:",omitempty"`
		Large      bool     `json:",omitempty"`
		Source     v1alpha1.ApplicationSource
		Variables  map[string]string
	}{version, input.Repository, input.mountKeys(), large(input.Tree), options, usedVariables(input)})
	if err != nil {
		return key{}, fmt.Errorf("encode spec.source: %w", err)
	}
	return manifest.DigestOf(data), nil
}

// large reports whether files are what Git LFS keeps: the same tree then reads otherwise.
func large(tree source.Tree) bool {
	_, fetching := bare(tree).(source.Fetching)
	return fetching
}

// optionsOf drops what only says where the tree came from; a worker has no use for it.
func optionsOf(src v1alpha1.ApplicationSource) v1alpha1.ApplicationSource {
	src.TargetRevision, src.Name, src.Ref, src.TagPrefix = "", "", "", ""
	return src
}

func usedVariables(input Input) map[string]string {
	used := map[string]string{}
	note := func(name string) string {
		used[name] = input.variable(name)
		return ""
	}
	visit := func(text string) { substitute(text, note) }
	if input.Source.Kustomize != nil {
		visitVariables(input.Source.Kustomize, visit)
	}
	if input.Source.Helm != nil {
		visitHelmVariables(input.Source.Helm, visit)
	}
	if directory := input.Source.Directory; directory != nil && directory.Jsonnet != nil {
		for _, variable := range slices.Concat(directory.Jsonnet.TLAs, directory.Jsonnet.ExtVars) {
			visit(variable.Value)
		}
	}
	return used
}

// visitVariables calls visit with each string of the options that variables are replaced
// in (as Argo CD 3.5: util/kustomize Build).
func visitVariables(options *v1alpha1.ApplicationSourceKustomize, visit func(string)) {
	for _, image := range options.Images {
		visit(string(image))
	}
	for _, value := range options.CommonLabels {
		visit(value)
	}
	if isTrue(options.CommonAnnotationsEnvsubst) {
		for _, value := range options.CommonAnnotations {
			visit(value)
		}
	}
}

// visitHelmVariables calls visit with each string of the options that variables are replaced
// in (as Argo CD 3.5: reposerver/repository helmTemplate).
func visitHelmVariables(options *v1alpha1.ApplicationSourceHelm, visit func(string)) {
	for _, file := range options.ValueFiles {
		visit(file)
	}
	for _, parameter := range options.Parameters {
		visit(parameter.Value)
	}
	for _, parameter := range options.FileParameters {
		visit(parameter.Path)
	}
}
