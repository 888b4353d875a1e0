// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The webhook is a server on this machine, whose certificate the caBundle alone verifies.
func webhooksAreAsked(t *testing.T, u user, namespace string) {
	webhook := httptest.NewTLSServer(http.HandlerFunc(review))
	t.Cleanup(webhook.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: webhook.Certificate().Raw})
	configuration := strings.NewReplacer(
		"NAME", namespace, "URL", webhook.URL, "BUNDLE", base64.StdEncoding.EncodeToString(certificate),
	)
	u.kubectl(t, "hub", configuration.Replace(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: NAME}
webhooks:
- name: validate.example.com
  clientConfig: {url: "URL/validate", caBundle: BUNDLE}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAME}}
  admissionReviewVersions: [v1]
  sideEffects: None
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: NAME}
webhooks:
- name: mutate.example.com
  clientConfig: {url: "URL/mutate", caBundle: BUNDLE}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAME}}
  admissionReviewVersions: [v1]
  sideEffects: None
`), "apply", "-f-")
	nameIsTaken(t, u, namespace)
	u.eventually(t, "yes", "-n", namespace, "create", "configmap", "stamped", "--dry-run=server", "-o=jsonpath={.data.stamped}")
	u.kubectl(t, "hub", "", "-n", namespace, "create", "configmap", "stamped")
	u.eventually(t, "yes", "-n", namespace, "get", "configmap", "stamped", "-o=jsonpath={.data.stamped}")
}

// review refuses the name "forbidden", and stamps every ConfigMap.
func review(w http.ResponseWriter, r *http.Request) {
	var asked admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Request == nil {
		http.Error(w, "not an AdmissionReview with a request", http.StatusBadRequest)
		return
	}
	asked.Response = &admissionv1.AdmissionResponse{UID: asked.Request.UID, Allowed: true}
	if r.URL.Path == "/mutate" {
		kind := admissionv1.PatchTypeJSONPatch
		asked.Response.PatchType, asked.Response.Patch = &kind, []byte(`[{"op":"add","path":"/data","value":{"stamped":"yes"}}]`)
	} else if asked.Request.Name == "forbidden" {
		asked.Response.Allowed, asked.Response.Result = false, &metav1.Status{Message: "that name is taken"}
	}
	asked.Request = nil
	_ = json.NewEncoder(w).Encode(asked) // Whoever asked has gone.
}
