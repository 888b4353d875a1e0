// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apiserver"
)

func TestStatusesAreWrittenByTheLeaderIntoTheRightStoreAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tenure *tenure
		guard  *watchman
		served bool
		want   error
	}{
		"a server without a guard writes":                {nil, nil, true, nil},
		"into the store that the cluster remembers":      {nil, &watchman{}, true, nil},
		"not into another store":                         {nil, &watchman{refusal: errNotIt}, true, errNotIt},
		"not once the lease has lapsed":                  {&tenure{}, &watchman{}, true, errLapsed},
		"not before there is a storage to write it into": {nil, &watchman{}, false, errNotServed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, surface := &direct{storages: map[string]rest.Storage{}}, &counting{}
			if test.guard != nil {
				s.guard = test.guard
			}
			if test.served {
				s.storages["rollouts/status"] = surface
			}
			ctx := t.Context()
			if test.tenure != nil {
				ctx = during(ctx, test.tenure)
			}
			// Were it requested, there would be nobody to ask.
			own := ownRollouts{straight: straight[*v1alpha1.Rollout, *v1alpha1.RolloutList]{s, "rollouts", ""}}
			_, err := own.UpdateStatus(ctx, &v1alpha1.Rollout{}, metav1.UpdateOptions{})
			written := test.want == nil
			if !errors.Is(err, test.want) || (surface.writes == 1) != written {
				t.Errorf("%d writes, error %v", surface.writes, err)
			}
			if test.guard != nil && test.guard.noted != written {
				t.Error("the guard has to hear of writes, and of nothing else")
			}
		})
	}
}

var errNotIt = errors.New("another store")

// watchman is a guard that refuses what it is told to.
type watchman struct {
	refusal error
	noted   bool
}

var _ apiserver.StoreGuard = &watchman{}

func (w *watchman) Refusal() error { return w.refusal }

func (w *watchman) Wrote() { w.noted = true }

// counting is a status surface that counts what is written.
type counting struct {
	rest.Storage
	writes int
}

func (*counting) New() runtime.Object { return &v1alpha1.Rollout{} }

func (c *counting) Update(
	context.Context, string, rest.UpdatedObjectInfo, rest.ValidateObjectFunc, rest.ValidateObjectUpdateFunc,
	bool, *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	c.writes++
	return &v1alpha1.Rollout{}, false, nil
}
