// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
)

// The aggregator says by headers who a caller is, and shows a certificate; whoever has none is believed nothing.
func TestNobodySaysByAHeaderWhoTheyAre(t *testing.T) {
	s := gated(t, "headers", files())
	s.Apply(s.Application(s.Name, production, "app", ""))
	_, digest := s.waiting(s.Name, "AwaitingApproval")
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // It is the attacker's.
	}}
	defer client.CloseIdleConnections()
	body := `{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationApproval","planDigest":"` + digest + `"}`
	for _, attempt := range [][3]string{
		{http.MethodGet, applications, ""},
		{http.MethodPost, applications + s.Name + "/approve", body},
		{http.MethodPost, applications + s.Name + "/sync", `{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSync"}`},
	} {
		for _, groups := range []string{"system:masters", "system:authenticated"} {
			request, err := http.NewRequestWithContext(s.Context(), attempt[0], stage.Capstan.URL()+attempt[1],
				strings.NewReader(attempt[2]))
			s.OK(err)
			for name, value := range map[string]string{
				"Content-Type": "application/json", "X-Remote-User": "ann", "X-Remote-Group": groups, "X-Remote-Uid": "ann",
				"Impersonate-User": "ann",
			} {
				request.Header.Set(name, value)
			}
			answer, err := client.Do(request)
			s.OK(err)
			s.OK(answer.Body.Close())
			if code := answer.StatusCode; code != http.StatusUnauthorized && code != http.StatusForbidden {
				s.Errorf("%s %s as ann of %s: %s", attempt[0], attempt[1], groups, answer.Status)
			}
		}
	}
	if approvals := s.Kubectl(s.Hub, "get", "approvals", "-n", argocd, "-o", "jsonpath={.items[*].spec.plan}"); strings.Contains(approvals, s.Name) {
		s.Errorf("there is an Approval: %s", approvals)
	}
	s.waiting(s.Name, "AwaitingApproval")
	s.bury(s.Name)
}
