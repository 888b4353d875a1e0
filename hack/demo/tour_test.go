// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestTheTourShowsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	const printed = `== One
$ kubectl get applications
NAME                   SYNC STATUS   REVISION
production-guestbook   OutOfSync     1234567
staging-guestbook      Synced        abcdef0
$ echo '{"planDigest":"sha256:7ecaa71142c27200"}' | kubectl create --raw /apis/one/approve -f -
ann approved; it is there after 12.5 s.
== Two
$ kubectl get applications
NAME                   AGE
staging-guestbook      1m10s
`
	for name, tc := range map[string]struct{ page, want string }{
		"the whole": {"\n    == One\n    $ kubectl get applications\n\nprose\n\n    == Two\n", ""},
		"other digests, numbers and times": {
			"    staging-guestbook  Synced  f6e0868\n    ann approved; it is there after 3 s.\n    staging-guestbook  5s\n", ""},
		"what is left out": {`    $ echo '{"planDigest":"sha256:0ecaa71142…"}' | kubectl create --raw …/approve -f -`, ""},
		"another command":  {"    == One\n    $ kubectl get apps\n", "$ kubectl get apps"},
		"another state":    {"    staging-guestbook  OutOfSync  f6e0868\n", "staging-guestbook  OutOfSync  f6e0868"},
		"another order":    {"    == Two\n    == One\n", "== One"},
		"a part of a line": {"    ann approved\n", "ann approved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := unshown(code(tc.page), printed); got != tc.want {
				t.Errorf("the first line that was not printed is %q, want %q", got, tc.want)
			}
		})
	}
}
