// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	manifests "github.com/capstan-dev/capstan/pkg/manifest"
)

func recordAttacks() map[string]attack {
	return map[string]attack{
		"nobody makes an Approval or a Plan, whatever they call themselves": recordsAreMadeByServer,
		"no patch changes what was approved, or what became of it":          recordsDoNotChange,
		"no patch brings a finished Plan back":                              plansAreUsedOnce,
		"people read the manifests of a Plan with Secrets masked":           manifestsAreMasked,
	}
}

// powerful are the strongest clients that people can be: one of system:masters, and one who impersonates the server.
func (g *gated) powerful(t *testing.T) map[string]rest.Interface {
	t.Helper()
	return map[string]rest.Interface{
		"system:masters":                   g.as(t, "root", "system:masters").CapstanV1alpha1().RESTClient(),
		"an impersonated system:apiserver": g.as(t, "system:apiserver", "system:masters").CapstanV1alpha1().RESTClient(),
	}
}

// recordsAreMadeByServer is A25.
func recordsAreMadeByServer(t *testing.T, w *world) {
	g := w.gate(t, nil)
	approval := capstanv1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: "forged"},
		Spec: capstanv1alpha1.ApprovalSpec{
			Application: capstanv1alpha1.SyncRunApplication{Name: "web", UID: g.plan.Spec.Application.UID},
			Plan:        g.plan.Name, PlanDigest: g.plan.Digest, Decision: capstanv1alpha1.DecisionApprove,
			Approver: capstanv1alpha1.Approver{Username: alice}, Roles: []string{gate.DefaultRole},
		},
	}
	plan := g.plan.DeepCopy()
	plan.ObjectMeta, plan.Spec.Number = metav1.ObjectMeta{Name: "forged"}, 9
	plan.Digest = gate.PlanDigest(plan.Spec)
	bodies := map[string]any{"approvals": approval, "plans": plan}
	kinds := map[string]string{"approvals": "Approval", "plans": "Plan"}
	for who, client := range g.powerful(t) {
		for resource, object := range bodies {
			var body map[string]any
			text, err := json.Marshal(object)
			must(t, err)
			must(t, json.Unmarshal(text, &body))
			body["apiVersion"], body["kind"] = "capstan.dev/v1alpha1", kinds[resource]
			text, err = json.Marshal(body)
			must(t, err)
			before := g.traces(t)
			refused(t, client.Post().Namespace(g.namespace).Resource(resource).Body(text).
				SetHeader("Content-Type", "application/json").Do(t.Context()).Error(),
				http.StatusUnprocessableEntity, "the server alone writes it")
			refused(t, client.Patch(types.ApplyPatchType).Namespace(g.namespace).Resource(resource).Name("forged").
				Param("fieldManager", who).Param("force", "true").Body(text).Do(t.Context()).Error(),
				http.StatusUnprocessableEntity, "the server alone writes it")
			if diff := cmp.Diff(before, g.traces(t)); diff != "" {
				t.Errorf("%s left in %s:\n%s", who, resource, diff)
			}
		}
		refused(t, client.Post().Namespace(g.namespace).Resource("plans").Name(g.plan.Name).SubResource("manifests").
			SetHeader("Content-Type", "application/json").
			Body([]byte(`{"apiVersion":"capstan.dev/v1alpha1","kind":"PlanManifests","data":"AAAA"}`)).
			Do(t.Context()).Error(), http.StatusForbidden, "the server alone writes it")
		refused(t, client.Get().Namespace(g.namespace).Resource("planmanifests").Do(t.Context()).Error(), http.StatusNotFound)
	}
}

// recordsDoNotChange is A26.
func recordsDoNotChange(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.Approvals = []capstanv1alpha1.ApprovalRule{{Role: gate.DefaultRole, Required: 2}}
	})
	g.approved(t, alice)
	approval := g.traces(t).Approvals[0].Name
	kinds := map[string]string{"approvals": "Approval", "plans": "Plan"}
	for who, client := range g.powerful(t) {
		for _, forgery := range []struct{ resource, name, field, value string }{
			{"approvals", approval, "spec", `{"approver":{"username":"bob"}}`},
			{"approvals", approval, "spec", `{"planDigest":"sha256:ff"}`},
			{"approvals", approval, "status", `{"usedAt":"2030-01-01T00:00:00Z"}`},
			{"plans", g.plan.Name, "spec", `{"manifests":"sha256:ff"}`},
			{"plans", g.plan.Name, "spec", `{"requester":{"username":"nobody"}}`},
			{"plans", g.plan.Name, "digest", `"sha256:ff"`},
			{"plans", g.plan.Name, "status", `{"phase":"Approved"}`},
			{"plans", g.plan.Name, "status", `{"startedAt":"2030-01-01T00:00:00Z"}`},
		} {
			head := `"apiVersion":"capstan.dev/v1alpha1","kind":"` + kinds[forgery.resource] + `","metadata":{"name":"` +
				forgery.name + `"}`
			merge := `{"` + forgery.field + `":` + forgery.value + `}`
			for kind, body := range map[types.PatchType]string{
				types.MergePatchType: merge, types.StrategicMergePatchType: merge,
				types.JSONPatchType:  jsonPatch(t, forgery.field, forgery.value),
				types.ApplyPatchType: `{` + head + `,"` + forgery.field + `":` + forgery.value + `}`,
			} {
				for _, sub := range []string{"", "status"} {
					request := client.Patch(kind).Namespace(g.namespace).Resource(forgery.resource).Name(forgery.name).
						SubResource(subresources(sub)...).Body([]byte(body))
					if kind == types.ApplyPatchType {
						request = request.Param("fieldManager", "attack").Param("force", "true")
					}
					before := said(g.traces(t))
					err := request.Do(t.Context()).Error()
					// Of each half of an object the other surface takes no notice.
					if surface := map[bool]string{true: "status", false: ""}[forgery.field == "status"]; surface == sub {
						refused(t, err, http.StatusUnprocessableEntity)
					}
					if diff := cmp.Diff(before, said(g.traces(t))); diff != "" {
						t.Errorf("%s changed %s of %s by %s %s:\n%s", who, forgery.field, forgery.resource, kind, sub, diff)
					}
				}
			}
		}
	}
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
}

func subresources(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// jsonPatch replaces each field of an object, or a value.
func jsonPatch(t *testing.T, field, value string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &fields) != nil {
		return `[{"op":"add","path":"/` + field + `","value":` + value + `}]`
	}
	var operations []string
	for name, inner := range fields {
		operations = append(operations, `{"op":"add","path":"/`+field+`/`+name+`","value":`+string(inner)+`}`)
	}
	return "[" + strings.Join(operations, ",") + "]"
}

// said is what records say, without who wrote which field of their metadata.
func said(all traces) traces {
	for i := range all.Plans {
		all.Plans[i].ManagedFields, all.Plans[i].ResourceVersion = nil, ""
	}
	for i := range all.Approvals {
		all.Approvals[i].ManagedFields, all.Approvals[i].ResourceVersion = nil, ""
	}
	return all
}

// plansAreUsedOnce holds for the server itself, too.
func plansAreUsedOnce(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	own := clientOf(t, g.Config).CapstanV1alpha1().Plans(g.namespace)
	now := metav1.Now().Rfc3339Copy()
	begun := g.plan.DeepCopy()
	begun.Status.StartedAt, begun.Status.Phase = &now, capstanv1alpha1.PlanRunning
	begun, err := own.UpdateStatus(t.Context(), begun, metav1.UpdateOptions{})
	must(t, err)
	g.stopped(t, "a second sync", http.StatusForbidden, gate.ReasonAlreadyUsed, func() error { return g.sync(t) })
	begun.Status = capstanv1alpha1.PlanStatus{Phase: capstanv1alpha1.PlanPending}
	_, err = own.UpdateStatus(t.Context(), begun, metav1.UpdateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "used once")
	_, err = own.UpdateStatus(t.Context(), g.plan, metav1.UpdateOptions{})
	refused(t, err, http.StatusConflict)
}

// manifestsAreMasked is A79.
func manifestsAreMasked(t *testing.T, w *world) {
	g := w.gate(t, nil)
	const plain = `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"web"},"data":{"password":"aHVudGVyMg=="}}`
	data, digest, err := manifests.Pack([]manifests.Manifest{{JSON: []byte(plain)}})
	must(t, err)
	g.plan = g.propose(t, func(spec *capstanv1alpha1.PlanSpec) { spec.Number, spec.Manifests = 2, digest })
	own := clientOf(t, g.Config).CapstanV1alpha1().Plans(g.namespace)
	_, err = own.PutManifests(t.Context(), g.plan.Name, &capstanv1alpha1.PlanManifests{Data: data}, metav1.CreateOptions{})
	must(t, err)
	for who, client := range g.powerful(t) {
		text, failure := client.Get().Namespace(g.namespace).Resource("plans").Name(g.plan.Name).SubResource("manifests").
			SetHeader("Accept", "application/json").DoRaw(t.Context())
		must(t, failure)
		if strings.Contains(string(text), "aHVudGVyMg") || strings.Contains(string(text), `"data":"`) ||
			!strings.Contains(string(text), `"password"`) {
			t.Errorf("%s reads %s", who, text)
		}
	}
	kept, err := own.GetManifests(t.Context(), g.plan.Name, metav1.GetOptions{})
	must(t, err)
	if _, got, broken := manifests.Unpack(kept.Data); broken != nil || got != digest {
		t.Errorf("the server itself reads %s: %v", got, broken)
	}
	other, _, err := manifests.Pack([]manifests.Manifest{{JSON: []byte(`{"kind":"ConfigMap"}`)}})
	must(t, err)
	_, err = own.PutManifests(t.Context(), g.plan.Name, &capstanv1alpha1.PlanManifests{Data: other}, metav1.CreateOptions{})
	refused(t, err, http.StatusUnprocessableEntity, "spec.manifests")
}
