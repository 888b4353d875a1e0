// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/capstan-dev/capstan/pkg/source"
)

// Request is what a plugin is asked about.
type Request struct {
	// Name is the plugin's; empty lets the plugins discover what is theirs.
	Name string
	// Application is the instance name of the application.
	Application string
	// Tree holds the files, Path is the directory in it.
	Tree source.Tree
	Path string
	// Environment is what the plugin gets beside its own.
	Environment []Variable
	// MaxBytes bounds what comes back.
	MaxBytes int
}

// Variable is one of an environment.
type Variable struct{ Name, Value string }

// Plugins are the sidecars whose sockets are in one directory.
type Plugins struct{ sockets string }

// In returns the plugins of a directory of sockets, which may come and go.
func In(directory string) *Plugins { return &Plugins{sockets: directory} }

const socketSuffix = ".sock"

// Discover returns the name of the first plugin, by name, that says a directory is its own; "" where none does.
// asked is false where no plugin discovers anything, whatever the files are.
func (p *Plugins) Discover(ctx context.Context, r Request) (name string, asked bool, err error) {
	entries, err := os.ReadDir(p.sockets)
	if err != nil {
		return "", false, fmt.Errorf("list --plugin-sockets: %w", err)
	}
	for _, entry := range entries {
		name, isSocket := strings.CutSuffix(entry.Name(), socketSuffix)
		if !isSocket {
			continue
		}
		supported, discovers, err := p.matches(ctx, name, r)
		if err != nil {
			return "", true, fmt.Errorf("plugin %q: %w", name, err)
		}
		if asked = asked || discovers; supported {
			return name, true, nil
		}
	}
	return "", asked, nil
}

// Generate returns what a plugin makes of a directory. A plugin that discovers sources has to take this one for its own
// (as Argo CD 3.5: util/app/discovery DetectConfigManagementPlugin).
func (p *Plugins) Generate(ctx context.Context, r Request) ([]string, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`).MatchString(r.Name) {
		return nil, errors.New("the name of a plugin has letters, digits, dots and dashes only")
	}
	if _, err := os.Stat(p.path(r.Name)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no socket %s in --plugin-sockets: check the name, with its version where "+
			"the plugin has one, and that the sidecar runs", r.Name+socketSuffix)
	}
	supported, discovers, err := p.matches(ctx, r.Name, r)
	if err != nil {
		return nil, err
	}
	if discovers && !supported {
		return nil, errors.New("it says that this directory is none of its own: check its discover rules")
	}
	got, err := p.stream(ctx, "GenerateManifest", r, path.Clean(r.Path))
	return got.texts, err
}

func (p *Plugins) path(name string) string { return filepath.Join(p.sockets, name+socketSuffix) }

// matches asks whether a plugin discovers sources, and this one.
func (p *Plugins) matches(ctx context.Context, name string, r Request) (supported, discovers bool, err error) {
	if discovers, err = p.discovers(ctx, name); err != nil || !discovers {
		return false, discovers, err
	}
	r.Name = name
	got, err := p.stream(ctx, "MatchRepository", r, "")
	return got.set, true, err
}
