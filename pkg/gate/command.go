// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"encoding/json"
	"fmt"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// makePlan is the command that makes a Plan of what is asked for.
func (f Facts) makePlan() string {
	body := map[string]any{"kind": "ApplicationPlan"}
	if f.deleting() {
		body["destroy"] = true
	}
	return f.post("plan", body)
}

// planWithoutPrune is the command that makes a Plan that leaves alone what the source does not have.
func (f Facts) planWithoutPrune() string {
	return f.post("plan", map[string]any{"kind": "ApplicationPlan", "prune": false})
}

// approve is the command that approves the Plan.
func (f Facts) approve() string {
	body := map[string]any{"kind": "ApplicationApproval", "planDigest": f.Plan.Digest}
	if f.Requirement.RequireReason {
		body["reason"] = "WHY"
	}
	return f.post("approve", body)
}

// breakGlass is the command that breaks the gate for the Plan.
func (f Facts) breakGlass() string {
	return f.post("breakglass", map[string]any{
		"kind": "ApplicationApproval", "planDigest": f.Plan.Digest, "reason": "WHY", "ticket": "TICKET",
	})
}

// review is the command that reviews an emergency.
func (f Facts) review(grant string) string {
	return f.post("approve", map[string]any{"kind": "ApplicationApproval", "review": grant, "reason": "WHY"})
}

// look is the end of a sentence that says how to see how the gate stands.
func (f Facts) look() string {
	if f.Application == nil {
		return ""
	}
	return fmt.Sprintf("; see: kubectl get applications.argoproj.io -n %s %s -o jsonpath={.status.gate}",
		f.Application.Namespace, f.Application.Name)
}

func (f Facts) post(subresource string, body map[string]any) string {
	body["apiVersion"] = argo.SchemeGroupVersion.String()
	text, err := json.Marshal(body)
	if err != nil {
		return "kubectl explain applications"
	}
	return fmt.Sprintf("kubectl create --raw \"/apis/%s/namespaces/%s/applications/%s/%s\" -f - <<< '%s'",
		argo.SchemeGroupVersion, f.Application.Namespace, f.Application.Name, subresource, text)
}
