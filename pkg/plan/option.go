// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"strings"

	"github.com/capstan-dev/capstan/pkg/live"
)

// How says how an object is written; zero is a server-side apply that is validated.
type How uint8

// The ways of writing.
const (
	// Replace puts the manifest in the place of the object, with all that others wrote.
	Replace How = 1 << iota
	// Force deletes an object that refuses a change, and makes it anew.
	Force
	// Lenient is Validate=false: fields that the kind does not know are dropped.
	Lenient
	// Migrate takes over what client-side apply wrote, so that fields which Git no longer has go.
	Migrate

	// saysReplace and saysValidate are set where the object itself says something.
	saysReplace
	saysValidate
)

// HowOf reads the sync options that say how something is written. Whether server-side apply
// is asked for makes no difference: nothing else is done.
func HowOf(options []string) How {
	var how How
	for _, option := range options {
		switch strings.TrimSpace(option) {
		case "Replace=true":
			how |= Replace | saysReplace
		case "Replace=false":
			how |= saysReplace
		case "Force=true":
			how |= Force
		case "Validate=false":
			how |= Lenient | saysValidate
		case "Validate=true":
			how |= saysValidate
		}
	}
	return how
}

// Or returns what holds for an object of an application with options of its own: what the
// object says counts more.
func (h How) Or(options How) How {
	if h&saysReplace != 0 {
		options &^= Replace
	}
	if h&saysValidate != 0 {
		options &^= Lenient
	}
	return h | options
}

// Options are the sync options of an application, or of an operation.
type Options struct {
	// Keep says what becomes of objects that say nothing themselves.
	Keep live.Keep
	// How says how objects are written that say nothing themselves.
	How How
	// Propagation is foreground, background or orphan.
	Propagation string
	// CreateNamespace makes the destination's namespace.
	CreateNamespace bool
	// FailOnShared fails a sync where another application tracks one of the objects.
	FailOnShared bool
	// SkipMissing lets objects through whose kind the destination does not serve yet.
	SkipMissing bool
	// Respect leaves fields that may differ as they are when an object is written.
	Respect bool
}

const skipMissing = "SkipDryRunOnMissingResource=true"

// OptionsOf reads sync options; what is unknown counts for nothing.
func OptionsOf(list []string) Options {
	options := Options{
		Keep: live.KeepOption(list), How: HowOf(list) | Migrate, Propagation: "foreground",
		CreateNamespace: slices.Contains(list, "CreateNamespace=true"),
		FailOnShared:    slices.Contains(list, "FailOnSharedResource=true"),
		SkipMissing:     slices.Contains(list, skipMissing),
		Respect:         slices.Contains(list, "RespectIgnoreDifferences=true"),
	}
	for _, option := range list {
		if policy, found := strings.CutPrefix(option, "PrunePropagationPolicy="); found {
			options.Propagation = policy
		}
	}
	if slices.Contains(list, "ClientSideApplyMigration=false") {
		options.How &^= Migrate
	}
	return options
}
