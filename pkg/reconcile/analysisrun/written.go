// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// written remembers what was written last of each run, until it is gone.
type written struct {
	mu       sync.Mutex
	versions map[types.NamespacedName]version
}

// version is one state of one run.
type version struct {
	uid types.UID
	of  string
}

func newWritten() *written {
	return &written{versions: map[types.NamespacedName]version{}}
}

func (w *written) remember(run *v1alpha1.AnalysisRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.versions[keyOf(run)] = version{run.UID, run.ResourceVersion}
}

func (w *written) forget(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.versions, key)
}

// newer reports that what was written is newer than a run as a cache tells it.
func (w *written) newer(key types.NamespacedName, run *v1alpha1.AnalysisRun) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	last, known := w.versions[key]
	if !known || last.uid != run.UID {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(last.of, run.ResourceVersion)
	return err == nil && order > 0
}

func keyOf(run *v1alpha1.AnalysisRun) types.NamespacedName {
	return types.NamespacedName{Namespace: run.Namespace, Name: run.Name}
}
