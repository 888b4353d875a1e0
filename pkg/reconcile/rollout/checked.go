// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// checked remembers the Rollouts whose analyses can all be begun, until one of them or any template changes.
type checked struct {
	mu    sync.Mutex
	known map[types.NamespacedName]check
	// templates counts the changes of templates.
	templates int
}

// check is what a Rollout was when its analyses were checked.
type check struct {
	uid                 types.UID
	generation          int64
	labels, annotations map[string]string
	templates           int
}

func newChecked() *checked { return &checked{known: map[types.NamespacedName]check{}} }

// now returns what a check of a Rollout would be of.
func (c *checked) now(rollout *v1alpha1.Rollout) check {
	c.mu.Lock()
	defer c.mu.Unlock()
	return check{rollout.UID, rollout.Generation, rollout.Labels, rollout.Annotations, c.templates}
}

// holds says that a check was made already.
func (c *checked) holds(key types.NamespacedName, now check) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, known := c.known[key]
	return known && before.uid == now.uid && before.generation == now.generation && before.templates == now.templates &&
		maps.Equal(before.labels, now.labels) && maps.Equal(before.annotations, now.annotations)
}

// hold notes that a check was made and found nothing.
func (c *checked) hold(key types.NamespacedName, of check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[key] = of
}

// outdate lets every check be made again.
func (c *checked) outdate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.templates++
}

func (c *checked) forget(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, key)
}
