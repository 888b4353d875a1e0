// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

func editor(name string, minute int) v1alpha1.SpecEditor {
	return v1alpha1.SpecEditor{Username: name, At: metav1.Unix(int64(minute*60), 0)}
}

func namesOf(editors []v1alpha1.SpecEditor) []string {
	names := make([]string, 0, len(editors))
	for _, each := range editors {
		names = append(names, each.Username)
	}
	return names
}

func TestTheServerWritesForAllWhoseEditsItHasNotWrittenYet(t *testing.T) {
	t.Parallel()
	behalf := []v1alpha1.SpecEditor{editor("ann", 1), editor("bob", 4), editor("cas", 5)}
	for name, test := range map[string]struct{ before, want []string }{
		"all, where it wrote for nobody yet":             {nil, []string{"ann", "bob", "cas"}},
		"who edited since, though somebody else did too": {[]string{"ann", "eve"}, []string{"bob", "cas"}},
		"who edited last, where nobody did since":        {[]string{"ann", "bob", "cas"}, []string{"cas"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := []v1alpha1.SpecEditor{editor("bob", 2)}
			for _, noted := range test.before {
				before = append(before, editor(noted, 5))
			}
			writers := registry.Writer(registry.WithOwn(t.Context()), behalf, before)
			if diff := cmp.Diff(test.want, namesOf(writers)); diff != "" {
				t.Errorf("the writers (-want +got):\n%s", diff)
			}
			for _, writer := range writers {
				if time.Since(writer.At.Time) > time.Hour {
					t.Errorf("%s writes at %s, not now", writer.Username, writer.At)
				}
			}
		})
	}
}

func TestWhoTheServerDeletesForIsNotedOnceAndTheServerIsNot(t *testing.T) {
	t.Parallel()
	before := []v1alpha1.SpecEditor{editor("ann", 1), editor("bob", 3)}
	behalf := []v1alpha1.SpecEditor{editor("ann", 2), editor("bob", 3)}
	person := genericapirequest.WithUser(t.Context(), &user.DefaultInfo{Name: "eve"})
	server := registry.WithOwn(genericapirequest.WithUser(t.Context(), &user.DefaultInfo{Name: "system:apiserver"}))
	contexts := map[string]context.Context{"a person": person, "the server": server}
	for name, test := range map[string]struct{ vouched, deleted []string }{
		"a person":   {[]string{"ann", "bob"}, []string{"ann", "bob", "eve"}},
		"the server": {[]string{"bob", "ann"}, []string{"ann", "bob"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.vouched, namesOf(registry.Vouched(contexts[name], behalf, before))); diff != "" {
				t.Errorf("the editors after a write (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.deleted, namesOf(registry.Deleted(contexts[name], before))); diff != "" {
				t.Errorf("the editors after a deletion (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEditorsWhoAreNotRememberedLeaveOneWithoutAName(t *testing.T) {
	t.Parallel()
	var edited []v1alpha1.SpecEditor
	for i := range 103 {
		edited = registry.Edited(edited, []v1alpha1.SpecEditor{editor(fmt.Sprint("p", i), i)})
		if i == 99 && edited[0] != editor("p0", 0) {
			t.Errorf("of 100 editors the first is %v", edited[0])
		}
	}
	// Whether what they wrote is deployed is told by the last one of them.
	if len(edited) != 100 || edited[0] != editor("", 3) || edited[1] != editor("p4", 4) {
		t.Errorf("of 103 editors %d are left, the first ones %v", len(edited), edited[:2])
	}
}
