// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plugin"
)

// Plugins has config management plugins render what the tools of a worker do not.
type Plugins interface {
	// Discover returns the name of the plugin that says a directory is its own, "" where none does; asked is false where
	// that is so whatever the files are.
	Discover(ctx context.Context, r plugin.Request) (name string, asked bool, err error)
	// Generate returns the texts that a plugin makes of a directory.
	Generate(ctx context.Context, r plugin.Request) ([]string, error)
}

// pluginQuestion asks the parent to have a plugin render a directory, or to say whose it is.
type pluginQuestion struct {
	Path   string                            `json:"path"`
	Plugin *v1alpha1.ApplicationSourcePlugin `json:"plugin,omitempty"`
}

// plugin has a plugin render the source. What it prints is read here, as any file is.
func (w *work) plugin(out *output) error {
	if !w.discovers {
		return fault(ReasonUnsupported, w.root, "a source of type Plugin needs a plugin, and none is there: "+
			"start the server with --plugin-sockets, and run the plugin beside it")
	}
	question, err := json.Marshal(pluginQuestion{Path: w.root, Plugin: w.source.Plugin})
	if err != nil {
		return err
	}
	if len(question) > maxTextBytes {
		return fault(ReasonInvalid, w.root, "the options of spec.source.plugin have more than %d bytes", maxTextBytes)
	}
	answer, _ := w.pipe.ask(framePlugin, string(question))
	var texts []string
	if err := json.Unmarshal(answer, &texts); err != nil {
		return fmt.Errorf("%w: %w", errNonsense, err)
	}
	for _, text := range texts {
		if err := out.parseRendered(w.root, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// discover asks which plugin takes the source for its own.
func (w *work) discover() (string, error) {
	if !w.discovers {
		return "", nil
	}
	question, err := json.Marshal(pluginQuestion{Path: w.root})
	if err != nil || len(question) > maxTextBytes {
		return "", err
	}
	name, _ := w.pipe.ask(frameDiscover, string(question))
	return string(name), nil
}

// plugin answers for the plugins.
func (r *recorder) plugin(ctx context.Context, op frameKind, question string) ([]byte, bool, error) {
	wanted := pluginQuestion{}
	if err := json.Unmarshal([]byte(question), &wanted); err != nil || !fs.ValidPath(wanted.Path) {
		return nil, false, fmt.Errorf("%w: a question for plugins", errNonsense)
	}
	if r.input.Plugins == nil {
		return nil, false, fmt.Errorf("%w: a question for plugins that are not there", errNonsense)
	}
	asked, err := r.pluginRequest(wanted)
	if err != nil {
		return nil, false, err
	}
	if op == frameDiscover {
		return r.discover(ctx, question, asked)
	}
	if asked.Name == "" {
		if asked.Name, _, err = r.input.Plugins.Discover(ctx, asked); err != nil {
			return nil, false, &DependencyError{Dependency: "discovery by plugins", Err: err}
		}
	}
	if asked.Name == "" {
		return nil, false, &DependencyError{Dependency: "plugin of spec.source.plugin",
			Err: errors.New("no plugin takes this directory for its own: set spec.source.plugin.name")}
	}
	texts, err := r.input.Plugins.Generate(ctx, asked)
	if err != nil {
		return nil, false, &DependencyError{Dependency: fmt.Sprintf("plugin %q", asked.Name), Err: err}
	}
	r.record(read{Op: op, Path: question, Answer: seenByPlugin(r.input, wanted)})
	data, err := json.Marshal(texts)
	return data, true, err
}

func (r *recorder) discover(ctx context.Context, question string, asked plugin.Request) ([]byte, bool, error) {
	name, depends, err := r.input.Plugins.Discover(ctx, asked)
	if err != nil {
		return nil, false, &DependencyError{Dependency: "discovery by plugins", Err: err}
	}
	if depends {
		r.record(read{Op: frameDiscover, Path: question, Answer: seenByPlugin(r.input, pluginQuestion{})})
	}
	return []byte(name), name != "", nil
}

func (r *recorder) pluginRequest(wanted pluginQuestion) (plugin.Request, error) {
	environment, err := pluginEnvironment(r.input, wanted.Plugin)
	made := plugin.Request{
		Application: r.input.Application, Tree: bare(r.input.Tree), Path: wanted.Path, Environment: environment,
		MaxBytes: int(r.limits.OutputBytes),
	}
	if wanted.Plugin != nil {
		made.Name = wanted.Plugin.Name
	}
	return made, err
}

// seenByPlugin stands for all that a plugin gets: nobody knows what of it counts.
func seenByPlugin(input Input, wanted pluginQuestion) string {
	environment, err := pluginEnvironment(input, wanted.Plugin)
	if err != nil {
		return ""
	}
	seen, err := json.Marshal(environment)
	if err != nil {
		return ""
	}
	return idAt(input.Tree, ".") + " " + manifest.DigestOf(seen).String()
}

// pluginHolds reports whether a plugin would get what it got.
func pluginHolds(input Input, question, answer string) bool {
	wanted := pluginQuestion{}
	if err := json.Unmarshal([]byte(question), &wanted); err != nil || input.Plugins == nil {
		return false
	}
	return answer != "" && seenByPlugin(input, wanted) == answer
}
