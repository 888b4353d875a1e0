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

	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

func gateKindStories() map[string]story {
	return map[string]story{
		"every field of the kinds of the gate explains itself":             gateFieldsExplainThemselves,
		"the kinds of the gate are listed by what people look for":         gateKindsAreListed,
		"what the kinds of the gate cannot obey is refused with its field": gateKindsAreValidated,
	}
}

func gateFieldsExplainThemselves(t *testing.T, w *world) {
	body, err := w.raw(t, admin).Get().AbsPath("/openapi/v3/apis/capstan.dev/v1alpha1").DoRaw(t.Context())
	must(t, err)
	var served document
	must(t, json.Unmarshal(body, &served))
	explained := map[string]bool{}
	for name, described := range served.Components.Schemas {
		kind, own := strings.CutPrefix(name, "dev.capstan.v1alpha1.")
		if !own {
			continue
		}
		explained[kind] = described.Description != ""
		for field, property := range described.Properties {
			if property.Description == "" && property.Ref == "" {
				t.Errorf("%s.%s explains nothing", kind, field)
			}
		}
	}
	for _, kind := range []string{"Cluster", "PromotionPolicy", "Plan", "Approval", "SyncRun"} {
		if !explained[kind] {
			t.Errorf("%s explains nothing", kind)
		}
	}
}

func gateKindsAreListed(t *testing.T, w *world) {
	for resource, want := range map[string][]string{
		"clusters":          {"Name", "Server", "Version", "Connection", "Tier", "Age", "UID", "Message"},
		"promotionpolicies": {"Name", "Approvals", "Break-Glass", "Waiting", "Age", "Editor"},
		"plans": {
			"Name", "Application", "Kind", "Revision", "Changes", "Phase", "Missing", "Age", "Requester", "Digest",
		},
		"approvals": {"Name", "Application", "Plan", "Decision", "Approver", "Used", "Age", "Reviewer", "Reason"},
		"syncruns":  {"Name", "Application", "Trigger", "Requester", "Revision", "Phase", "Age", "Destination", "Message"},
	} {
		body, err := w.as(t, admin).CapstanV1alpha1().RESTClient().Get().Resource(resource).
			SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(t.Context())
		must(t, err)
		var table metav1.Table
		must(t, json.Unmarshal(body, &table))
		var got []string
		for _, column := range table.ColumnDefinitions {
			got = append(got, column.Name)
			if column.Description == "" {
				t.Errorf("the column %s of %s explains nothing", column.Name, resource)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("columns of %s (-want +got):\n%s", resource, diff)
		}
	}
}

func gateKindsAreValidated(t *testing.T, w *world) {
	own := w.as(t, admin).CapstanV1alpha1()
	policies := map[string]capstanv1alpha1.PromotionPolicySpec{
		"spec.approvals[0].required": {Approvals: []capstanv1alpha1.ApprovalRule{{Role: "sre", Required: -1}}},
		"spec.prune.maxPercent":      {Prune: capstanv1alpha1.PruneLimits{MaxPercent: new(int32(-1))}},
		"spec.breakGlass.ticketPattern": {
			BreakGlass: &capstanv1alpha1.BreakGlassRule{TicketPattern: "INC-("},
		},
	}
	for field, spec := range policies {
		_, err := own.PromotionPolicies().Create(t.Context(), &capstanv1alpha1.PromotionPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: newNamespace()}, Spec: spec,
		}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil {
			t.Errorf("%s is accepted", field)
			continue
		}
		refused(t, err, http.StatusUnprocessableEntity, field)
	}
	_, err := own.Clusters().Create(t.Context(), &capstanv1alpha1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Name: newNamespace()},
		Spec:       capstanv1alpha1.ClusterSpec{Server: "https://a.example", CredentialsSecret: &capstanv1alpha1.SecretReference{}},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		t.Error("a Cluster whose Secret has no name is accepted")
		return
	}
	refused(t, err, http.StatusUnprocessableEntity, "spec.credentialsSecret.name", "spec.credentialsSecret.namespace")
}
