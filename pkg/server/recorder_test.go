// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/client-go/tools/events"
)

func TestAnEventKeepsAsMuchOfItsMessageAsTheClusterTakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"a short one stays":                {"Scaled to 100%", "Scaled to 100%"},
		"one that just fits stays":         {strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		"a longer one ends with dots":      {strings.Repeat("x", 1025), strings.Repeat("x", 1021) + "…"},
		"a character is not cut in halves": {strings.Repeat("ä", 600), strings.Repeat("ä", 510) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorder := events.NewFakeRecorder(1)
			brief{recorder}.Eventf(nil, nil, "Normal", "Told", "Tell", "%s", test.text)
			got := <-recorder.Events
			if got != "Normal Told "+test.want || !utf8.ValidString(got) {
				t.Errorf("got %q", got)
			}
		})
	}
}
