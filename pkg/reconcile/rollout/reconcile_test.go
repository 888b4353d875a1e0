// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

func TestEventsAreToldOnceThoughTheStatusConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conflicts := 2
	w.client.PrependReactor("update", "rollouts", func(clienttesting.Action) (bool, runtime.Object, error) {
		conflicts--
		return conflicts >= 0, nil, apierrors.NewConflict(schema.GroupResource{Resource: "rollouts"}, "guestbook", nil)
	})
	for range 2 {
		if err := w.visit(); !apierrors.IsConflict(err) {
			t.Fatalf("error %v, want a conflict", err)
		}
	}
	must(t, w.visit())
	told := strings.Join(w.heard(), "\n")
	for _, once := range []string{"NewReplicaSetCreated", "RolloutCompleted"} {
		if strings.Count(told, once) != 1 {
			t.Errorf("%s was told %d times:\n%s", once, strings.Count(told, once), told)
		}
	}
}

func TestATemplateThatIsWrittenDifferentlyIsTheSameRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.visit())
	before := w.set()
	object := w.rollout()
	object.Spec.Template.Raw = []byte(strings.Replace(string(object.Spec.Template.Raw),
		`"spec":{`, `"spec":{"restartPolicy":"Always",`, 1))
	_, err := w.client.ArgoprojV1alpha1().Rollouts("shop").Update(t.Context(), object, metav1.UpdateOptions{})
	must(t, err)
	must(t, w.visit())
	after := w.set()
	digest, err := rollout.Digest(object.Spec.Template)
	must(t, err)
	if after.UID != before.UID || after.Annotations[v1alpha1.AnnotationTemplateDigest] != digest ||
		after.Annotations[v1alpha1.AnnotationRevision] != "1" {
		t.Errorf("annotations %v, want the digest %s and revision 1", after.Annotations, digest)
	}
}

func TestPodsThatTheClusterRefusesMakeARolloutInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.PrependReactor("create", "replicasets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewInvalid(schema.GroupKind{Kind: "ReplicaSet"}, "guestbook", nil)
	})
	must(t, w.visit())
	status := w.rollout().Status
	if status.Phase != v1alpha1.RolloutPhaseDegraded || !strings.Contains(status.Message, "the cluster refuses pods") {
		t.Errorf("%s: %s, want Degraded and the cluster's words", status.Phase, status.Message)
	}
}

func TestANameThatIsTakenGivesWayToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	digest, err := rollout.Digest(w.rollout().Spec.Template)
	must(t, err)
	taken := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: "guestbook-" + rollout.Hash(digest, nil), Namespace: "shop", UID: "other",
	}}
	must(t, w.host.Tracker().Add(taken))
	if err = w.visit(); err == nil || !strings.Contains(err.Error(), "belongs to somebody else") {
		t.Fatalf("error %v, want whose the ReplicaSet is", err)
	}
	if count := w.rollout().Status.CollisionCount; count == nil || *count != 1 {
		t.Fatalf("collisionCount %v, want 1", count)
	}
	must(t, w.visit())
	list, err := w.host.AppsV1().ReplicaSets("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	if len(list.Items) != 2 {
		t.Errorf("%d ReplicaSets, want that of somebody else and the Rollout's", len(list.Items))
	}
}

func TestAReplicaSetThatTheCacheDoesNotShowYetIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.visit())
	uid := w.set().UID
	w.site.sets.OnDelete(w.set())
	must(t, w.sets.Replace(nil, ""))
	_, err := w.reconcile(t.Context(), w.rollout())
	must(t, err)
	if set := w.set(); set.UID != uid {
		t.Errorf("ReplicaSet %s, want %s still", set.UID, uid)
	}
}

// counting counts how often templates are read.
type counting struct {
	listers.AnalysisTemplateLister
	reads int
}

// AnalysisTemplates counts and reads.
func (c *counting) AnalysisTemplates(namespace string) listers.AnalysisTemplateNamespaceLister {
	c.reads++
	return c.AnalysisTemplateLister.AnalysisTemplates(namespace)
}

func TestAnalysesAreCheckedAgainOnlyWhereSomethingChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	read := &counting{AnalysisTemplateLister: listers.NewAnalysisTemplateLister(all)}
	w.measure(analyses.Templates{
		Namespaced: read,
		Cluster:    listers.NewClusterAnalysisTemplateLister(cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)),
	})
	must(t, w.visit())
	if message := w.rollout().Status.Message; !strings.Contains(message, `AnalysisTemplate "errors"`) {
		t.Fatalf("message %q, want the template that is missing", message)
	}
	template := &v1alpha1.AnalysisTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "errors"}}
	must(t, all.Add(template))
	w.TemplateHandler().OnAdd(template, false)
	must(t, w.visit())
	if message := w.rollout().Status.Message; strings.Contains(message, "InvalidSpec") {
		t.Fatalf("message %q though the template is there", message)
	}
	expectReads := func(why string, want bool) {
		t.Helper()
		before := read.reads
		must(t, w.visit())
		if got := read.reads > before; got != want {
			t.Errorf("%s: templates were read: %v, want %v", why, got, want)
		}
	}
	// The first pass numbers the revision in an annotation, which an argument may name.
	must(t, w.visit())
	expectReads("nothing changed", false)
	w.TemplateHandler().OnUpdate(template, template)
	expectReads("a template changed", true)
	object := w.rollout()
	object.Generation++
	_, err := w.client.ArgoprojV1alpha1().Rollouts("shop").Update(t.Context(), object, metav1.UpdateOptions{})
	must(t, err)
	expectReads("the Rollout changed", true)
}

func TestATemplateWakesTheRolloutsThatNameIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.measure(analyses.Templates{
		Namespaced: listers.NewAnalysisTemplateLister(cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)),
		Cluster:    listers.NewClusterAnalysisTemplateLister(cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)),
	})
	for key, want := range map[string]int{"shop/errors": 1, "bank/errors": 0, "/errors": 0} {
		found, err := w.Rollouts.ByIndex(byTemplate, key)
		if err != nil || len(found) != want {
			t.Errorf("%s wakes %d Rollouts, want %d (%v)", key, len(found), want, err)
		}
	}
}
