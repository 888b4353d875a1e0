// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/test/harness/hook"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// hooks registers a webhook in the hub under one name: what it does with Applications that are made, and with syncs.
const hooks = `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: %[1]s},
  webhooks: [{name: validate.example.com, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Fail,
    clientConfig: %[2]s,
    rules: [{apiGroups: [argoproj.io], apiVersions: [v1alpha1], operations: [CREATE], scope: Namespaced,
      resources: [applications, applications/sync]}]}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: %[1]s},
  webhooks: [{name: mutate.example.com, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Fail,
    clientConfig: %[3]s,
    rules: [{apiGroups: [argoproj.io], apiVersions: [v1alpha1], operations: [CREATE], scope: Namespaced,
      resources: [applications]}]}]}
`

// A webhook that is registered in the hub is asked about requests that this server answers.
func TestTheWebhooksOfTheHubHoldHere(t *testing.T) {
	s := begin(t, "hooked", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	judge, stamp := hook.Serve(refuse), hook.Serve(annotate)
	defer judge.Close()
	defer stamp.Close()
	s.Apply(fmt.Sprintf(hooks, s.Name, judge.ClientConfig(), stamp.ClientConfig()))
	defer s.Kubectl(s.Hub, "delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", s.Name)

	manifest := s.Application("hooked", staging, "app", "{syncOptions: [CreateNamespace=true]}")
	forbidden := writeTemp(t, strings.Replace(manifest, "{name: hooked,", "{name: hooked, labels: {forbidden: \"yes\"},", 1))
	create := func(file string, args ...string) (string, error) {
		return s.Hub.Run(s.Context(), append([]string{"create", "-f", file}, args...)...)
	}
	s.Eventually("the webhooks of the hub are heard of", func() bool {
		_, refused := create(forbidden, "--dry-run=server")
		stamped, err := create(writeTemp(t, manifest), "--dry-run=server", "-o", "jsonpath={.metadata.annotations}")
		return refused != nil && err == nil && strings.Contains(stamped, "stamped")
	})
	if _, err := create(forbidden); err == nil || !strings.Contains(err.Error(), "this label is forbidden") {
		t.Errorf("an Application that the webhook refuses is answered by %v", err)
	}
	s.Apply(manifest)
	s.Until(s.Hub, plane.Prints("by the hub's webhook"), "get", "application", "hooked", "-n", argocd, "-o",
		`jsonpath={.metadata.annotations.example\.com/stamped}`)
	s.Status("hooked", "OutOfSync/Missing")

	sync := func(body string) error {
		_, err := s.Hub.As("tom", "system:masters").Input(s.Context(), body, "create", "--raw", syncPath+"hooked/sync", "-f", "-")
		return err
	}
	if err := sync(`{"prune":true}`); err == nil || !strings.Contains(err.Error(), "tom prunes hooked by hand") {
		t.Errorf("a sync that the webhook refuses is answered by %v", err)
	}
	s.Status("hooked", "OutOfSync/Missing")
	s.OK(sync("{}"))
	s.Settled("hooked")
	s.Remove("hooked")
}

// refuse lets no Application with a label be made, and nobody prune by hand.
func refuse(request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	var object struct {
		Metadata metav1.ObjectMeta
		Prune    bool
	}
	if err := json.Unmarshal(request.Object.Raw, &object); err != nil {
		return hook.Deny(err.Error())
	}
	switch {
	case request.Kind.Kind == "Application" && object.Metadata.Labels["forbidden"] != "":
		return hook.Deny("this label is forbidden")
	case request.Kind.Kind == "ApplicationSync" && request.SubResource == "sync" && object.Prune:
		return hook.Deny(request.UserInfo.Username + " prunes " + request.Name + " by hand")
	}
	return hook.Allow()
}

// annotate stamps what is made, and keeps the annotations that it has.
func annotate(request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	var object struct{ Metadata metav1.ObjectMeta }
	if err := json.Unmarshal(request.Object.Raw, &object); err != nil {
		return hook.Deny(err.Error())
	}
	const stamp = `{"op":"add","path":"/metadata/annotations/example.com~1stamped","value":"by the hub's webhook"}`
	if object.Metadata.Annotations == nil {
		return hook.Patch(`[{"op":"add","path":"/metadata/annotations","value":{}},` + stamp + `]`)
	}
	return hook.Patch("[" + stamp + "]")
}
