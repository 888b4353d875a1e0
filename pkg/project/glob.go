// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"strings"

	"github.com/gobwas/glob"
)

// matches reports whether value fits the glob; "*" stops at a separator where there are
// some. A pattern that cannot be read matches only itself.
func matches(pattern, value string, separators ...rune) bool {
	if pattern == value || pattern == "*" && len(separators) == 0 {
		return true
	}
	compiled, err := glob.Compile(pattern, separators...)
	return err == nil && compiled.Match(value)
}

// denies splits a "!" rule: the pattern behind it, and whether it is one.
func denies(pattern string) (string, bool) {
	return strings.CutPrefix(pattern, "!")
}
