// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

var errRemote = errors.New("files from other places are never fetched: keep a copy in the repository")

// inspectKustomization refuses what a kustomization must not ask for: files from elsewhere,
// and charts, which need a program. What cannot be parsed is left to kustomize's own words.
func (w *work) inspectKustomization(path string, data []byte) error {
	kustomization := types.Kustomization{}
	if err := kustomization.Unmarshal(data); err != nil {
		return nil //nolint:nilerr // kustomize reports it with its own words
	}
	if len(kustomization.OpenAPI) > 0 {
		// kyaml keeps a schema for the rest of the process's life.
		w.spent = true
	}
	kustomization.FixKustomization()
	if len(kustomization.HelmCharts) > 0 || kustomization.HelmGlobals != nil {
		return fault(ReasonUnsupported, path, "helmCharts in a kustomization is not supported by this version")
	}
	for _, reference := range references(kustomization) {
		if remote(reference.name) {
			return fault(ReasonRefused, path, "%s names %q: %w", reference.field, withoutSecrets(reference.name), errRemote)
		}
	}
	return nil
}

// reference is a path that a field of a kustomization names.
type reference struct {
	field, name string
}

func references(k types.Kustomization) []reference {
	var found []reference
	add := func(field string, names ...string) {
		for _, name := range names {
			found = append(found, reference{field: field, name: name})
		}
	}
	add("resources", k.Resources...)
	add("components", k.Components...)
	add("crds", k.Crds...)
	add("configurations", k.Configurations...)
	add("generators", k.Generators...)
	add("transformers", k.Transformers...)
	add("validators", k.Validators...)
	add("openapi.path", k.OpenAPI["path"])
	for _, patch := range k.PatchesStrategicMerge {
		add("patchesStrategicMerge", string(patch))
	}
	for _, patch := range append(k.Patches, k.PatchesJson6902...) {
		add("patches.path", patch.Path)
	}
	for _, replacement := range k.Replacements {
		add("replacements.path", replacement.Path)
	}
	for _, generator := range k.ConfigMapGenerator {
		add("configMapGenerator", sources(generator.KvPairSources)...)
	}
	for _, generator := range k.SecretGenerator {
		add("secretGenerator", sources(generator.KvPairSources)...)
	}
	return found
}

func sources(pairs types.KvPairSources) []string {
	names := append([]string{}, pairs.EnvSources...)
	for _, file := range pairs.FileSources {
		if _, name, ok := strings.Cut(file, "="); ok && !remote(file) {
			file = name
		}
		names = append(names, file)
	}
	return names
}

// remote reports whether kustomize could take name for a URL or a Git repository. It is
// wider than kustomize's own rule, never narrower.
func remote(name string) bool {
	if strings.ContainsAny(name, "\n{") {
		return false
	}
	lower := strings.ToLower(strings.TrimSpace(name))
	switch {
	case strings.Contains(lower, "://"), strings.HasPrefix(lower, "git::"), strings.HasPrefix(lower, "gh:"):
		return true
	case strings.HasPrefix(lower, "github.com/"), strings.HasPrefix(lower, "github.com:"):
		return true
	}
	at := strings.IndexByte(lower, '@')
	return at > 0 && !strings.Contains(lower[:at], "/")
}

// withoutSecrets cuts what may be a credential or a token out of a URL.
func withoutSecrets(name string) string {
	name, _, _ = strings.Cut(name, "?")
	return regexp.MustCompile(`//[^/@]*@`).ReplaceAllString(name, "//")
}
