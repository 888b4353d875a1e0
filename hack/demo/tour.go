// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	tourBegins = "<!-- tour -->"
	tourEnds   = "<!-- /tour -->"
)

// compare fails where README.md shows what the demo does not print, or a command that does not work.
func (s *story) compare(ctx context.Context, root string) error {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return fmt.Errorf("read what the tour shows: %w", err)
	}
	_, rest, begun := strings.Cut(string(readme), tourBegins)
	tour, rest, ended := strings.Cut(rest, tourEnds)
	if !begun || !ended {
		return fmt.Errorf("README.md has no tour between %s and %s", tourBegins, tourEnds)
	}
	if line := unshown(code(tour), s.printed.String()); line != "" {
		return fmt.Errorf("README.md shows a line that the demo does not print there: %s", line)
	}
	more, _, _ := strings.Cut(rest, "\n## ")
	for _, command := range code(more) {
		args, isKubectl := strings.CutPrefix(command, "kubectl ")
		if !isKubectl {
			return fmt.Errorf("README.md says to try %q, which the demo cannot: it runs kubectl alone", command)
		}
		if _, err := s.world.Hub().Run(ctx, strings.Fields(args)...); err != nil {
			return fmt.Errorf("README.md says to try what fails: %w", err)
		}
	}
	return nil
}

// code returns the lines of a page that are code, but for empty ones.
func code(page string) []string {
	var lines []string
	for line := range strings.Lines(page) {
		if text, isCode := strings.CutPrefix(line, "    "); isCode && strings.TrimSpace(text) != "" {
			lines = append(lines, strings.TrimSpace(text))
		}
	}
	return lines
}

// unshown returns the first line of a tour that was not printed after those before it. Digests, times and numbers are
// others each time, space is that of a table, and … stands for what was left out.
func unshown(tour []string, printed string) string {
	varying := regexp.MustCompile(`\b[0-9a-f]{7,}\b|\b(\d+[dhms])+\b|\d+(\.\d+)?`)
	lasting := func(line string) string {
		return varying.ReplaceAllString(strings.Join(strings.Fields(line), " "), "#")
	}
	left := strings.Split(printed, "\n")
	for _, line := range tour {
		want := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(lasting(line)), "…", ".*") + "$")
		at := slices.IndexFunc(left, func(out string) bool { return want.MatchString(lasting(out)) })
		if at < 0 {
			return line
		}
		left = left[at+1:]
	}
	return ""
}
