// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	capstanclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/capstan/v1alpha1"
)

func policyAttacks() map[string]attack {
	return map[string]attack{
		"what weakens a policy waits, and warns with the digest":         weakeningWaits,
		"nobody approves their own weakening, and others do":             weakeningIsApproved,
		"a policy is deleted by approval alone":                          deletionIsApproved,
		"nobody forges which spec of a policy is in force":               effectiveIsNotForged,
		"a policy that eases what gates production waits from the start": easingWaitsAtCreate,
	}
}

func (g *gated) policies(t *testing.T, user string, groups ...string) capstanclient.PromotionPolicyInterface {
	t.Helper()
	return g.as(t, user, groups...).CapstanV1alpha1().PromotionPolicies()
}

func (g *gated) inForce(t *testing.T) capstanv1alpha1.PromotionPolicySpec {
	t.Helper()
	return gate.Effective(g.traces(t).Policy)
}

// weakenings is A56.
func weakenings() map[string]string {
	return map[string]string{
		"selectors":     `{"spec":{"selectors":[]}}`,
		"a selector":    `{"spec":{"selectors":[{"tiers":["staging"],"projects":["other"]}]}}`,
		"the expiry":    `{"spec":{"expiresAfter":"9000h"}}`,
		"four eyes":     `{"spec":{"exclude":{"requester":false}}}`,
		"robots":        `{"spec":{"exclude":{"serviceAccounts":false}}}`,
		"the role":      `{"spec":{"approvals":[{"role":"everybody"}]}}`,
		"the limits":    `{"spec":{"prune":{"maxPercent":100}}}`,
		"protection":    `{"spec":{"prune":{"protectedKinds":["Nothing"]}}}`,
		"the glass":     `{"spec":{"breakGlass":{"minReason":0}}}`,
		"a rollback":    `{"spec":{"rollback":{"healthyWithin":"9000h"}}}`,
		"more and less": `{"spec":{"requireReason":true,"expiresAfter":"9000h"}}`,
	}
}

func weakeningWaits(t *testing.T, w *world) {
	for what, patch := range weakenings() {
		g := w.gate(t, nil)
		before := g.inForce(t)
		heard := &warnings{}
		config := rest.CopyConfig(g.As(mallory))
		config.WarningHandler = heard
		changed, err := clientOf(t, config).CapstanV1alpha1().PromotionPolicies().Patch(t.Context(), g.policy.Name,
			types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		must(t, err)
		if diff := cmp.Diff(before, g.inForce(t)); diff != "" {
			t.Errorf("%s is in force:\n%s", what, diff)
		}
		if waiting := changed.Status.Waiting; waiting == nil || waiting.Digest == "" || len(waiting.Weakens) == 0 {
			t.Errorf("%s does not wait: %+v", what, waiting)
		} else if !heard.say(waiting.Digest) {
			t.Errorf("%s: the warnings %q do not name the digest %s", what, heard.texts, waiting.Digest)
		}
		g.stopped(t, what+": a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
	}
	g := w.gate(t, nil)
	_, err := g.policies(t, mallory).Patch(t.Context(), g.policy.Name, types.MergePatchType,
		[]byte(`{"spec":{"approvals":[{"role":"approver","required":2}]}}`), metav1.PatchOptions{})
	must(t, err)
	if got := g.inForce(t).Approvals; len(got) != 1 || got[0].Required != 2 {
		t.Errorf("what strengthens waits: %+v", got)
	}
}

// weaken asks for a policy under which approvals hold longer, and returns the digest of the change, which waits.
func (g *gated) weaken(t *testing.T) string {
	t.Helper()
	changed, err := g.policies(t, mallory).Patch(t.Context(), g.policy.Name, types.MergePatchType,
		[]byte(`{"spec":{"expiresAfter":"9000h"}}`), metav1.PatchOptions{})
	must(t, err)
	return changed.Status.Waiting.Digest
}

// agree lets a person approve a change of the policy.
func (g *gated) agree(t *testing.T, user, digest string, options metav1.CreateOptions) error {
	t.Helper()
	_, err := g.policies(t, user).Approve(t.Context(), g.policy.Name, &capstanv1alpha1.PolicyApproval{Digest: digest}, options)
	return err
}

func weakeningIsApproved(t *testing.T, w *world) {
	g := w.gate(t, nil)
	digest := g.weaken(t)
	approve := func(user, digest string, options metav1.CreateOptions) func() error {
		return func() error { return g.agree(t, user, digest, options) }
	}
	for user, reason := range map[string]gate.Reason{
		mallory: gate.ReasonExcluded, robot: gate.ReasonExcluded,
		// RBAC refuses them before the gate does.
		lead: "", "system:apiserver": "",
	} {
		g.stopped(t, user, http.StatusForbidden, reason, approve(user, digest, metav1.CreateOptions{}))
	}
	g.stopped(t, "another digest", http.StatusConflict, gate.ReasonStalePlan, approve(alice, "sha256:ff", metav1.CreateOptions{}))
	before := g.traces(t)
	must(t, approve(alice, digest, dry())())
	if diff := cmp.Diff(before, g.traces(t)); diff != "" {
		t.Errorf("a dry run left a trace:\n%s", diff)
	}
	must(t, approve(alice, digest, metav1.CreateOptions{})())
	if got := g.inForce(t).ExpiresAfter; got == nil || got.Hours() != 9000 {
		t.Errorf("what was approved is not in force: %v", got)
	}
	g.stopped(t, "once more", http.StatusForbidden, gate.ReasonNotPending, approve(bob, digest, metav1.CreateOptions{}))
}

func deletionIsApproved(t *testing.T, w *world) {
	g := w.gate(t, nil)
	before := g.inForce(t)
	root := g.policies(t, "root", "system:masters")
	for what, attempt := range map[string]func() error{
		"delete": func() error { return root.Delete(t.Context(), g.policy.Name, metav1.DeleteOptions{}) },
		"orphan": func() error {
			orphan := metav1.DeletePropagationOrphan
			return root.Delete(t.Context(), g.policy.Name, metav1.DeleteOptions{PropagationPolicy: &orphan})
		},
		"a patch of the finalizers": func() error {
			_, err := root.Patch(t.Context(), g.policy.Name, types.MergePatchType,
				[]byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			return err
		},
		"a collection": func() error {
			return root.DeleteCollection(t.Context(), metav1.DeleteOptions{},
				metav1.ListOptions{FieldSelector: "metadata.name=" + g.policy.Name})
		},
		"a spec that chooses nothing": func() error {
			_, err := root.Patch(t.Context(), g.policy.Name, types.MergePatchType, []byte(`{"spec":{"selectors":[]}}`),
				metav1.PatchOptions{})
			return err
		},
	} {
		must(t, attempt())
		if diff := cmp.Diff(before, g.inForce(t)); diff != "" {
			t.Errorf("%s changed what is in force:\n%s", what, diff)
		}
	}
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
	digest := gate.Waiting(g.traces(t).Policy).Digest
	for _, user := range []string{alice, bob} {
		if g.traces(t).Policy.DeletionTimestamp == nil {
			t.Fatal("it is not being deleted")
		}
		must(t, g.agree(t, user, digest, metav1.CreateOptions{}))
	}
	_, err := root.Get(t.Context(), g.policy.Name, metav1.GetOptions{})
	refused(t, err, http.StatusNotFound)
}

func effectiveIsNotForged(t *testing.T, w *world) {
	g := w.gate(t, nil)
	const forgery = `{"status":{"effective":{"selectors":null},"editor":"nobody","waiting":null}}`
	for what, sub := range map[string][]string{"the main resource": nil, "the status": {"status"}} {
		for _, user := range []string{"root", "system:apiserver"} {
			before := g.traces(t)
			_, err := g.policies(t, user, "system:masters").Patch(t.Context(), g.policy.Name, types.MergePatchType,
				[]byte(forgery), metav1.PatchOptions{}, sub...)
			if sub != nil {
				refused(t, err, http.StatusUnprocessableEntity, "promotionpolicies/approve")
			}
			if diff := cmp.Diff(before, g.traces(t)); diff != "" {
				t.Errorf("%s by %s:\n%s", what, user, diff)
			}
		}
	}
}

func easingWaitsAtCreate(t *testing.T, w *world) {
	heard := &warnings{}
	config := rest.CopyConfig(w.As(mallory))
	config.WarningHandler = heard
	policies := clientOf(t, config).CapstanV1alpha1().PromotionPolicies()
	made, err := policies.Create(t.Context(), &capstanv1alpha1.PromotionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: newNamespace()},
		Spec: capstanv1alpha1.PromotionPolicySpec{
			Selectors: []capstanv1alpha1.GateSelector{{Projects: []string{newNamespace()}}},
			Approvals: []capstanv1alpha1.ApprovalRule{{Role: "everybody"}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	if made.Status.Waiting == nil || len(gate.Effective(made).Selectors) != 0 {
		t.Fatalf("it is in force: %+v", made.Status)
	}
	if !heard.say(made.Status.Waiting.Digest) {
		t.Errorf("the warnings %q do not name the digest %s", heard.texts, made.Status.Waiting.Digest)
	}
	_, err = w.as(t, alice).CapstanV1alpha1().PromotionPolicies().Approve(t.Context(), made.Name,
		&capstanv1alpha1.PolicyApproval{Digest: made.Status.Waiting.Digest}, metav1.CreateOptions{})
	must(t, err)
}
