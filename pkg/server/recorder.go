// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// longestNote is how many bytes the cluster takes of an Event's message (as Kubernetes: pkg/apis/core/validation,
// NoteLengthLimit).
const longestNote = 1024

// discard drops Events: a server without a host cluster has nowhere to put them.
type discard struct{}

// Eventf drops the Event.
func (discard) Eventf(_, _ runtime.Object, _, _, _, _ string, _ ...any) {}

// brief records Events with messages that the cluster takes: one with a longer message it would refuse.
type brief struct {
	events.EventRecorder
}

// Eventf records an Event with the beginning of its message.
func (r brief) Eventf(regarding, related runtime.Object, level, reason, action, note string, args ...any) {
	r.EventRecorder.Eventf(regarding, related, level, reason, action, "%s", beginning(fmt.Sprintf(note, args...)))
}

// beginning returns as much of a text as an Event holds, in whole characters.
func beginning(text string) string {
	const more = "…"
	if len(text) <= longestNote {
		return text
	}
	return strings.ToValidUTF8(text[:longestNote-len(more)], "") + more
}
