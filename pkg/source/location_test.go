// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

func TestSameRepository(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		a, b string
		same bool
	}{
		"with and without .git":           {"https://h/a.git", "https://h/a", true},
		"a slash at the end":              {"https://h/a/", "https://h/a", true},
		"upper and lower case":            {"https://H/A", "https://h/a", true},
		"the default port":                {"https://h:443/a", "https://h/a", true},
		"both forms of SSH":               {"git@h:a/b.git", "ssh://git@h:22/a/b", true},
		"both forms of an absolute path":  {`git@h:/a"b`, "ssh://git@h/a%22b", true},
		"another path":                    {"https://h/a", "https://h/b", false},
		"another scheme":                  {"http://h/a", "https://h/a", false},
		"another port":                    {"https://h:8443/a", "https://h/a", false},
		"another user of SSH":             {"me@h:a", "you@h:a", false},
		"an IPv6 address":                 {"ssh://git@[::1]/a", "git@[::1]:a", true},
		"two URLs that cannot be read":    {"://A", "://a", true},
		"a URL and one that has it first": {"https://h/a", "https://h/a/b", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if got := source.SameRepository(test.a, test.b); got != test.same {
				t.Errorf("got %t for %q and %q", got, source.Normalize(test.a), source.Normalize(test.b))
			}
		})
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	for sentence, test := range map[string]struct{ url, says string }{
		"nothing":                    {"", "not a repository URL"},
		"a command":                  {"ext::sh -c id", "white space"},
		"another helper":             {"ext::id", "not a repository URL"},
		"another scheme":             {"ftp://h/a", "use https, http or ssh"},
		"a path of the server":       {"/etc", "not allowed"},
		"a file URL":                 {"file:///etc", "not allowed"},
		"a file URL with a host":     {"file://h/etc", "use https, http or ssh"},
		"an option as a host":        {"ssh://-oProxyCommand=id/a", "no valid host"},
		"an option as a user":        {"-oProxyCommand=id@h:a", "no valid host"},
		"an option as a path":        {"git@h:-u", "no valid path"},
		"no path":                    {"https://h", "no valid path"},
		"a query":                    {"https://h/a?private_token=t0ken", "query"},
		"a way out of a prefix":      {"https://h/team/../other", ". or .."},
		"a hidden way out":           {"https://h/team/%2e%2e/other", ". or .."},
		"a hidden way out, by slash": {"https://h/team%2f..%2fother", ". or .."},
		"line breaks":                {"https://h/a\r\nHost: x", "white space"},
		"an endless URL":             {"https://h/" + strings.Repeat("a", 3000), "longer than"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			tw := w.as(t)
			says := tw.fails(source.Request{URL: test.url}, source.Invalid)
			if !strings.Contains(says, test.says) || strings.Contains(says, "t0ken") {
				t.Errorf("got %q, want %q", says, test.says)
			}
		})
	}
}
