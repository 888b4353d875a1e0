// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// patience bounds one scenario; one that takes longer failed.
const patience = 15 * time.Minute

// scenario is a piece of work whose cost is measured.
type scenario struct {
	name string
	play func(*bench, context.Context) ([]result, error)
	// usual scenarios run where none are chosen.
	usual bool
}

// scenarios are in the order in which each needs those before it.
func scenarios() []scenario {
	return []scenario{
		{"create", (*bench).create, true},
		{"idle", (*bench).rest, true},
		{"commit-one", (*bench).commitOne, true},
		{"commit-all", (*bench).commitAll, true},
		{"drift", (*bench).drift, true},
		{"restart", (*bench).restart, true},
		{"list", (*bench).lists, false},
		{"hostile", (*bench).hostile, false},
		{"hanging", (*bench).hanging, false},
		{"rollouts", (*bench).rollouts, false},
	}
}

func known() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

func usual() []string {
	var names []string
	for _, s := range scenarios() {
		if s.usual {
			names = append(names, s.name)
		}
	}
	return names
}

func choose(names []string) ([]scenario, error) {
	var chosen []scenario
	for _, name := range names {
		i := slices.IndexFunc(scenarios(), func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--scenario: %q is none of %v", name, known())
		}
		chosen = append(chosen, scenarios()[i])
	}
	return chosen, nil
}

// play measures one scenario and checks what it left. There is always a result.
func (b *bench) play(ctx context.Context, s scenario) []result {
	b.say("%s, %s", s.name, b.settings.size)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	results, err := s.play(b, ctx)
	if err == nil {
		err = b.verify(ctx)
	}
	if len(results) == 0 {
		results = []result{{}}
	}
	for i := range results {
		results[i].Scenario, results[i].Size = s.name, b.settings.size.String()
	}
	if err != nil {
		results[len(results)-1].Fault = err.Error()
	}
	return results
}

// verify checks that the cluster holds what Git says, all of it and nothing else, and that
// nobody touched what is not Capstan's.
func (b *bench) verify(ctx context.Context) error {
	b.say("checking")
	errs := []error{b.verifyDeployments(ctx), b.verifyServices(ctx), b.verifySettings(ctx)}
	now, err := b.versions(ctx, foreign)
	if err == nil && !maps.Equal(now, b.strangers) {
		err = errors.New("objects that are not Capstan's were changed")
	}
	return errors.Join(append(errs, err)...)
}
