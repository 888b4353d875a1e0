// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net/url"
	"testing"
)

func TestOnlyTheServerOfTheRepositoryGetsWhatOpensIt(t *testing.T) {
	t.Parallel()
	const upgraded = "https://git.example.com/team/app"
	for name, test := range map[string]struct {
		repository, at string
		mine, refused  bool
	}{
		"the same server":                              {upgraded, "https://git.example.com/lfs/1", true, false},
		"the same one without TLS":                     {upgraded, "http://git.example.com/lfs/1", false, true},
		"the one that a redirect upgraded from":        {"http://git.example.com/team/app", upgraded, false, false},
		"another port":                                 {upgraded, "https://git.example.com:8443/lfs/1", false, false},
		"another host":                                 {upgraded, "https://files.example.com/1", false, false},
		"another host without TLS":                     {upgraded, "http://files.example.com/1", false, true},
		"another host, as the repository, without TLS": {"http://git.example.com/a", "http://files.example.com/1", false, false},
		"a file of this machine":                       {"http://git.example.com/a", "file:///etc/passwd", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := url.Parse(test.at)
			if err != nil {
				t.Fatal(err)
			}
			if mine, err := onOwnServer(test.repository, at); mine != test.mine || (err != nil) != test.refused {
				t.Errorf("it is the repository's: %v, error %v", mine, err)
			}
		})
	}
}

func TestATokenThatWasSentIsNotSaid(t *testing.T) {
	t.Parallel()
	h, token := &httpRemote{credentials: Credentials{App: GitHubApp{}}}, "ghs_secret"
	h.token.Store(&token)
	if said := h.sent().scrub("no access with ghs_secret"); said != "no access with ***" {
		t.Errorf("it is said: %s", said)
	}
}
