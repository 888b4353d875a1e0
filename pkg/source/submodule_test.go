// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

func TestURLsOfSubmodules(t *testing.T) {
	t.Parallel()
	const https, scp = "https://git.example.com:8443/team/app.git", "git@git.example.com:team/app.git"
	tests := map[string]struct{ repository, url, want, fault string }{
		"an absolute one stays":                    {https, "https://other.example.com/lib.git", "https://other.example.com/lib.git", ""},
		"one of SSH stays":                         {https, "git@other.example.com:lib.git", "git@other.example.com:lib.git", ""},
		"a relative one stands beside":             {https, "../lib.git", "https://git.example.com:8443/team/lib.git", ""},
		"a relative one may be of another team":    {https, "../../other/lib", "https://git.example.com:8443/other/lib", ""},
		"a relative one may be below":              {https, "./lib.git", "https://git.example.com:8443/team/app.git/lib.git", ""},
		"a relative one follows the short form":    {scp, "../lib.git", "git@git.example.com:team/lib.git", ""},
		"a relative one leads to the short root":   {scp, "../../lib.git", "git@git.example.com:lib.git", ""},
		"a relative one follows SSH":               {"ssh://git@git.example.com/app.git", "../lib.git", "ssh://git@git.example.com/lib.git", ""},
		"one above the server is refused":          {https, "../../../lib.git", "", "above the server"},
		"one above the short root is refused":      {scp, "../../../lib.git", "", ". or .."},
		"one that climbs later is refused":         {https, "../lib/../../../x", "", ". or .."},
		"a file URL is refused":                    {https, "file:///srv/git/lib.git", "", "never read"},
		"a directory is refused":                   {https, "/srv/git/lib.git", "", "never read"},
		"one beside a directory is refused":        {"/srv/git/app.git", "../lib.git", "", "never read"},
		"a password is refused":                    {https, "https://me:hunter2@git.example.com/lib.git", "", "holds a password"},
		"a program is refused":                     {https, "ext::sh -c id", "", "white space"},
		"another scheme is refused":                {https, "git://git.example.com/lib.git", "", `the scheme "git"`},
		"an option in the place of a host refused": {https, "ssh://-oProxyCommand=id/x", "", "no valid host"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modules := "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = " + test.url + "\n"
			got, err := source.SubmoduleURL([]byte(modules), test.repository, "vendor/lib")
			switch {
			case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
				t.Errorf("got %q, %v; want %q", got, err, test.fault)
			case test.fault == "" && (err != nil || got != test.want):
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

func TestPathsOfSubmodules(t *testing.T) {
	t.Parallel()
	for name, modules := range map[string]string{
		"another path":          "[submodule \"lib\"]\n\tpath = other\n\turl = https://git.example.com/lib\n",
		"no URL":                "[submodule \"lib\"]\n\tpath = lib\n",
		"a path that leads out": "[submodule \"lib\"]\n\tpath = ../lib\n\turl = https://git.example.com/lib\n",
		"nothing":               "",
		"no configuration":      "[submodule \"lib\nurl",
	} {
		t.Run(name+" gives none", func(t *testing.T) {
			t.Parallel()
			if got, err := source.SubmoduleURL([]byte(modules), "https://git.example.com/app", "lib"); err == nil {
				t.Errorf("got %q", got)
			}
		})
	}
}
