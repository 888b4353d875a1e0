// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"runtime"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// TestIndexSize is not parallel: it measures the heap.
func TestIndexSize(t *testing.T) { //nolint:paralleltest // other tests would be measured too
	const records, most = 20_000, 600
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	x := newIndex()
	before := heap()
	for i := range records {
		key := manifest.Key{
			Group: "apps", Kind: "Deployment",
			Namespace: fmt.Sprintf("namespace-%d", i%100), Name: fmt.Sprintf("deployment-%d", i),
		}
		record := &Live{
			Key: key, Version: "v1", UID: types.UID(fmt.Sprintf("%036d", i)),
			Application: fmt.Sprintf("application-%d", i/10), Health: &health.Health{Status: health.Healthy},
		}
		x.put(scope{kind: key.GroupKind()}, types.NamespacedName{Namespace: key.Namespace, Name: key.Name}, record)
	}
	each := (heap() - before) / records
	if x.size() != records || each > most {
		t.Errorf("%d records of %d bytes each, want %d of at most %d", x.size(), each, records, most)
	}
	t.Logf("%d bytes a record", each)
}

func TestIndex(t *testing.T) {
	t.Parallel()
	kind := schema.GroupKind{Kind: "ConfigMap"}
	record := func(name, application string) *Live {
		return &Live{Key: manifest.Key{Kind: "ConfigMap", Namespace: "shop", Name: name}, Application: application}
	}
	t.Run("replaces one scope and leaves the others", func(t *testing.T) {
		t.Parallel()
		x := newIndex()
		x.replace(scope{kind: kind, namespace: "shop"}, []*Live{record("a", "guestbook"), record("b", "guestbook")})
		x.replace(scope{kind: kind, namespace: "other"}, []*Live{record("c", "guestbook")})
		changes := x.replace(scope{kind: kind, namespace: "shop"}, []*Live{record("b", "moved")})
		if len(changes) != 2 || x.size() != 2 {
			t.Errorf("%d changes and %d records, want 2 and 2", len(changes), x.size())
		}
		if found := x.find("guestbook", nil); len(found) != 1 || found[0].Name != "c" {
			t.Errorf("records of the application are %+v", found)
		}
	})
	t.Run("forgets an application with its last record", func(t *testing.T) {
		t.Parallel()
		x := newIndex()
		x.replace(scope{kind: kind}, []*Live{record("a", "guestbook")})
		x.retain(func(scope) bool { return false })
		if len(x.byApp) != 0 || x.size() != 0 {
			t.Errorf("%d applications and %d records are left", len(x.byApp), x.size())
		}
	})
}
