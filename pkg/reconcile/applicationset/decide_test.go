// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

func newSet(policy v1alpha1.ApplicationsSyncPolicy) *v1alpha1.ApplicationSet {
	set := &v1alpha1.ApplicationSet{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "set", UID: "set-uid"}}
	if policy != "" {
		set.Spec.SyncPolicy = &v1alpha1.ApplicationSetSyncPolicy{ApplicationsSync: &policy}
	}
	return set
}

func newApp(name, path string) *v1alpha1.Application {
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{
		Namespace: "argocd", Name: name, Finalizers: []string{v1alpha1.ResourcesFinalizerName},
	}}
	app.Spec.Source = &v1alpha1.ApplicationSource{Path: path}
	app.Spec.Destination.Server = "https://known"
	return app
}

func ownedApp(name, path string) *v1alpha1.Application {
	app := newApp(name, path)
	app.OwnerReferences = ownedBy(newSet(""), nil)
	return app
}

func byName(apps ...*v1alpha1.Application) map[string]*v1alpha1.Application {
	named := map[string]*v1alpha1.Application{}
	for _, app := range apps {
		named[app.Name] = app
	}
	return named
}

func generated(apps ...*v1alpha1.Application) generate.Output {
	var out generate.Output
	for _, app := range apps {
		out.Applications = append(out.Applications, generate.Generated{Origin: "element", Application: app})
	}
	return out
}

// shownDecision is a decision in short.
type shownDecision struct {
	Creates, Updates, Deletes, Forsaken []string
	Problems                            int
}

func show(d decision) shownDecision {
	shown := shownDecision{Problems: len(d.problems)}
	for _, app := range d.creates {
		shown.Creates = append(shown.Creates, app.Name)
	}
	for _, app := range d.updates {
		shown.Updates = append(shown.Updates, app.Name)
	}
	for _, each := range d.deletes {
		if shown.Deletes = append(shown.Deletes, each.app.Name); each.forsaken {
			shown.Forsaken = append(shown.Forsaken, each.app.Name)
		}
	}
	return shown
}

func TestDecide(t *testing.T) {
	t.Parallel()
	going := ownedApp("going", "old")
	going.DeletionTimestamp = ptr.To(metav1.NewTime(time.Unix(1, 0)))
	lost := ownedApp("lost", "x")
	lost.Spec.Destination.Server = "https://lost"
	some := byName(ownedApp("same", "x"), ownedApp("changed", "old"), ownedApp("extra", "x"), lost, going)
	wanted := generated(newApp("changed", "new"), newApp("going", "new"), newApp("new", "x"), newApp("same", "x"))
	faulty := wanted
	faulty.Problems = []*generate.Failure{{Reason: "Fault", Err: errors.New("fault")}}
	for sentence, test := range map[string]struct {
		policy  v1alpha1.ApplicationsSyncPolicy
		made    generate.Output
		foreign map[string]*v1alpha1.Application
		want    shownDecision
	}{
		"by default all is done; what is going is left to go": {made: wanted, want: shownDecision{
			Creates: []string{"new"}, Updates: []string{"changed"}, Deletes: []string{"extra", "lost"},
			Forsaken: []string{"lost"},
		}},
		"sync is the default": {policy: v1alpha1.ApplicationsSyncPolicySync, made: wanted, want: shownDecision{
			Creates: []string{"new"}, Updates: []string{"changed"}, Deletes: []string{"extra", "lost"},
			Forsaken: []string{"lost"},
		}},
		"create-only creates": {policy: v1alpha1.ApplicationsSyncPolicyCreateOnly, made: wanted, want: shownDecision{
			Creates: []string{"new"},
		}},
		"create-update deletes nothing": {
			policy: v1alpha1.ApplicationsSyncPolicyCreateUpdate, made: wanted,
			want: shownDecision{Creates: []string{"new"}, Updates: []string{"changed"}},
		},
		"create-delete updates nothing": {
			policy: v1alpha1.ApplicationsSyncPolicyCreateDelete, made: wanted,
			want: shownDecision{Creates: []string{"new"}, Deletes: []string{"extra", "lost"}, Forsaken: []string{"lost"}},
		},
		"one faulty element forbids all deletions": {made: faulty, want: shownDecision{
			Creates: []string{"new"}, Updates: []string{"changed"}, Problems: 1,
		}},
		"another's Application is never taken over": {
			made: wanted, foreign: byName(newApp("new", "theirs")),
			want: shownDecision{Updates: []string{"changed"}, Problems: 1},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			d := decide(situation{
				set: newSet(test.policy), owned: some, foreign: test.foreign, made: test.made,
				placed: func(to v1alpha1.ApplicationDestination) bool { return to.Server == "https://known" },
				gated:  func(*v1alpha1.Application) bool { return false },
			})
			if diff := cmp.Diff(test.want, show(d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	current := ownedApp("app", "theirs")
	current.UID, current.ResourceVersion = "uid", "7"
	current.Labels = map[string]string{"keep": "1", "drop": "1"}
	current.Annotations = map[string]string{
		"keep": "1", "drop": "1", v1alpha1.AnnotationKeyRefresh: "hard", v1alpha1.AnnotationKeyNotified: "{}",
		v1alpha1.AnnotationKeyHydrate: "normal",
	}
	current.Finalizers = append(current.Finalizers, v1alpha1.PostDeleteFinalizerName+"/cleanup", "gone.example/x")
	current.Operation = &v1alpha1.Operation{}
	current.Status.Sync.Status = v1alpha1.SyncStatusCodeSynced
	current.Spec.Source.TargetRevision = "theirs"
	current.Spec.Info = []v1alpha1.Info{{Name: "theirs", Value: "1"}}

	set := newSet("")
	set.Spec.PreservedFields = &v1alpha1.ApplicationPreservedFields{
		Labels: []string{"keep"}, Annotations: []string{"keep"},
	}
	set.Spec.IgnoreApplicationDifferences = v1alpha1.ApplicationSetIgnoreDifferences{
		{JSONPointers: []string{"/spec/source/targetRevision", "/spec/syncPolicy/automated", "/spec/nothing/here"}},
		{Name: "other", JSONPointers: []string{"/spec/source/path"}},
		{Name: "app", JSONPointers: []string{"/spec/info/0/value"}},
	}
	made := newApp("app", "ours")
	made.Labels = map[string]string{"keep": "2", "ours": "2"}
	made.Spec.SyncPolicy = &v1alpha1.SyncPolicy{
		Automated: &v1alpha1.SyncPolicyAutomated{}, SyncOptions: v1alpha1.SyncOptions{"A=b"},
	}
	made.Spec.Info = []v1alpha1.Info{{Name: "ours", Value: "2"}}

	got, err := adjust(set, current, made)
	if err != nil {
		t.Fatal(err)
	}
	want := current.DeepCopy()
	want.Labels = map[string]string{"keep": "1", "ours": "2"}
	delete(want.Annotations, "drop")
	want.Finalizers = []string{v1alpha1.ResourcesFinalizerName, v1alpha1.PostDeleteFinalizerName + "/cleanup"}
	want.Spec.Source.Path = "ours"
	want.Spec.SyncPolicy = &v1alpha1.SyncPolicy{SyncOptions: v1alpha1.SyncOptions{"A=b"}}
	want.Spec.Info = []v1alpha1.Info{{Name: "ours", Value: "1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := adjust(set, got, made)
	if err != nil || !same(got, again) {
		t.Errorf("a second pass differs: %v", err)
	}
}

func TestASetThatSuddenlyLosesGatedApplicationsIsHeld(t *testing.T) {
	t.Parallel()
	apps := []*v1alpha1.Application{ownedApp("a", ""), ownedApp("b", ""), ownedApp("c", ""), ownedApp("d", "")}
	for name, test := range map[string]struct {
		left  int
		gated bool
		held  bool
	}{
		"one may go":                   {3, true, false},
		"half may go":                  {2, true, false},
		"most may not go":              {1, true, true},
		"all may not go":               {0, true, true},
		"all may go that nobody gates": {0, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := decide(situation{
				set: newSet(""), owned: byName(apps...), made: generated(apps[:test.left]...),
				placed: func(v1alpha1.ApplicationDestination) bool { return true },
				gated:  func(*v1alpha1.Application) bool { return test.gated },
			})
			wanted := len(apps) - test.left
			if test.held {
				wanted = 0
			}
			if len(d.deletes) != wanted || (len(d.problems) > 0) != test.held {
				t.Errorf("%d are deleted with %d problems", len(d.deletes), len(d.problems))
			}
		})
	}
}
