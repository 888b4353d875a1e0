// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"slices"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// How much is told of a run. etcd takes 1.5 MiB for an object, and a status that it refused
// would never say what is wrong; what every watcher gets is to be small beside that.
const (
	statusBytes  = 256 << 10
	recordBytes  = 1 << 20
	messageBytes = 512
	// entryBytes is what an entry takes beside its names and texts.
	entryBytes = 256
)

// within returns what became of as many objects as fit: all, or hooks first, because a restart
// needs them, then what failed, then the others.
func (r *run) within(budget int) []plan.HookID {
	total := 0
	for _, id := range r.order {
		total += sizeOf(id, r.results[id])
	}
	if total <= budget {
		return r.order
	}
	sorted := slices.Clone(r.order)
	slices.SortStableFunc(sorted, func(a, b plan.HookID) int {
		return cmp.Compare(r.results[a].rank(), r.results[b].rank())
	})
	for i, id := range sorted {
		if budget -= sizeOf(id, r.results[id]); budget < 0 {
			return sorted[:i]
		}
	}
	return sorted
}

func sizeOf(id plan.HookID, did outcome) int {
	size := entryBytes + len(id.Group) + len(id.Kind) + len(id.Namespace) + len(id.Name) + len(brief(did.message))
	for _, image := range did.images {
		size += len(image)
	}
	return size
}

func (o outcome) rank() int {
	switch {
	case o.hook:
		return 0
	case o.phase == v1alpha1.OperationFailed:
		return 1
	default:
		return 2
	}
}

// brief cuts off what a message has too much.
func brief(message string) string {
	if len(message) <= messageBytes {
		return message
	}
	return strings.ToValidUTF8(message[:messageBytes], "") + "…"
}
