// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/argoproj/argo-cd/v3/resource_customizations"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/script"
)

// scripts are rules in Lua by the kinds that they rate: exact kinds first, then patterns in
// alphabetical order (as Argo CD 3.5: util/lua/lua.go).
type scripts struct {
	exact    map[schema.GroupKind]*source
	patterns []*source
}

// source is a script that is compiled when it is first needed, and once.
type source struct {
	// pattern is group/kind, or the kind alone in the core group; * stands for any text.
	pattern  string
	compiled func() (*luaRule, error)
}

// communityScripts lists the scripts that Argo CD ships: group/kind/health.lua, where _ stands
// for any text.
func communityScripts(tools *script.Tools) (*scripts, error) {
	var files []string
	for _, depth := range []string{"*/health.lua", "*/*/health.lua"} {
		found, err := fs.Glob(resource_customizations.Embedded, depth)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	all := &scripts{exact: make(map[schema.GroupKind]*source, len(files))}
	for _, file := range files {
		all.add(path.Dir(file), func() (*luaRule, error) {
			text, err := resource_customizations.Embedded.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read the health rule %s: %w", file, err)
			}
			return compile(path.Dir(file), string(text), tools)
		})
	}
	return all, nil
}

func (s *scripts) add(directory string, load func() (*luaRule, error)) {
	added := &source{pattern: strings.ReplaceAll(directory, "_", "*"), compiled: sync.OnceValues(load)}
	if added.pattern != directory {
		s.patterns = append(s.patterns, added)
		return
	}
	group, kind, found := strings.Cut(directory, "/")
	if !found {
		group, kind = "", directory
	}
	s.exact[schema.GroupKind{Group: group, Kind: kind}] = added
}

// find returns the script that rates the kind, or nil.
func (s *scripts) find(gk schema.GroupKind) *source {
	if found := s.exact[gk]; found != nil {
		return found
	}
	name := gk.Kind
	if gk.Group != "" {
		name = gk.Group + "/" + gk.Kind
	}
	for _, candidate := range s.patterns {
		if matched, err := path.Match(candidate.pattern, name); err == nil && matched {
			return candidate
		}
	}
	return nil
}
