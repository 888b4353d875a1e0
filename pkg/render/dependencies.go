// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/source"
)

// Dependencies lends a render the charts that its chart depends on.
type Dependencies interface {
	// Origin names a repository and what it is read with: where it stays the same, a version
	// of a chart does. It asks no server, and fails where the repository must not be read.
	Origin(repository string) (string, error)
	// Chart returns the tree of a version of a chart, or of the highest in a range.
	Chart(ctx context.Context, repository, name, version string) (source.Tree, error)
}

// DependencyError reports that a dependency of a chart, a submodule or a plugin's work could not be had.
type DependencyError struct {
	// Dependency says what it is, its name, its version and its repository.
	Dependency string
	// Err says why.
	Err error
}

// Error returns which dependency it is, and why.
func (e *DependencyError) Error() string {
	return "the " + e.Dependency + ": " + e.Err.Error()
}

// Unwrap returns why.
func (e *DependencyError) Unwrap() error { return e.Err }

// chartQuestion asks the parent for a chart.
type chartQuestion struct {
	Name       string `json:"name"`
	Version    string `json:"version,omitempty"`
	Repository string `json:"repository"`
}

// String names the chart for people.
func (q chartQuestion) String() string {
	text := fmt.Sprintf("dependency %q", q.Name)
	if q.Version != "" {
		text += fmt.Sprintf(" in version %q", q.Version)
	}
	if q.Repository != "" {
		text += fmt.Sprintf(" of %q", withoutSecrets(q.Repository))
	}
	return text
}

const (
	// lentMount is the mount of the chart that was asked for last.
	lentMount = "="
	// maxDependencies bounds the charts that one render may ask for.
	maxDependencies = 100
)

// chart asks the parent for a chart and returns the mount that shows it until the next one.
func (p *pipe) chart(wanted chartQuestion) (string, error) {
	question, err := json.Marshal(wanted)
	if err != nil || len(question) > maxPathBytes {
		return "", fmt.Errorf("its name, version and repository have more than %d bytes", maxPathBytes)
	}
	p.ask(frameChart, string(question))
	return lentMount, nil
}

// chart lends a chart to the worker. Its content is not recorded: it follows from its origin.
func (r *recorder) chart(ctx context.Context, question string) ([]byte, bool, error) {
	wanted := chartQuestion{}
	if err := json.Unmarshal([]byte(question), &wanted); err != nil {
		return nil, false, fmt.Errorf("%w: %w", errNonsense, err)
	}
	if r.charts++; r.charts > maxDependencies {
		return nil, false, countLimit("number of dependencies that a chart fetches", maxDependencies)
	}
	if r.input.Dependencies == nil {
		err := errors.New("it is not in charts/, and none is fetched here: commit it there")
		return nil, false, &DependencyError{Dependency: wanted.String(), Err: err}
	}
	if withoutSecrets(wanted.Repository) != wanted.Repository {
		err := errors.New("the URL holds a user, a password or a query: write it without, and add a repository Secret")
		return nil, false, &DependencyError{Dependency: wanted.String(), Err: err}
	}
	origin, err := r.input.Dependencies.Origin(wanted.Repository)
	if err == nil {
		r.lent, err = r.input.Dependencies.Chart(ctx, wanted.Repository, wanted.Name, wanted.Version)
	}
	if err != nil {
		return nil, false, &DependencyError{Dependency: wanted.String(), Err: err}
	}
	r.record(read{Op: frameChart, Path: question, Answer: origin})
	return nil, true, nil
}

// originHolds reports whether a chart that was lent would be lent again as it was.
func originHolds(input Input, question, origin string) bool {
	wanted := chartQuestion{}
	if err := json.Unmarshal([]byte(question), &wanted); err != nil || input.Dependencies == nil {
		return false
	}
	now, err := input.Dependencies.Origin(wanted.Repository)
	return err == nil && now == origin
}
