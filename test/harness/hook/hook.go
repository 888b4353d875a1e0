// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hook is an admission webhook for tests: an HTTPS server with a certificate that only
// its clients' caBundle verifies.
//
// Input: a function that judges requests. Output: what a webhook's clientConfig holds.
package hook

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Judge decides on a request. The UID of what it returns is filled in.
type Judge func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse

// Server answers what API servers ask it.
type Server struct {
	server *httptest.Server
}

// Serve answers at a free port of 127.0.0.1, until Close.
func Serve(judge Judge) *Server {
	return &Server{server: httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "not an AdmissionReview with a request", http.StatusBadRequest)
			return
		}
		review.Response = judge(review.Request)
		review.Response.UID, review.Request = review.Request.UID, nil
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review) // Whoever asked has gone.
	}))}
}

// ClientConfig is the clientConfig of a webhook that leads here, as YAML in one line.
func (s *Server) ClientConfig() string {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
	return fmt.Sprintf("{url: %q, caBundle: %s}", s.server.URL, base64.StdEncoding.EncodeToString(certificate))
}

// Close waits for what is being answered, and ends.
func (s *Server) Close() { s.server.Close() }

// Allow lets a request through as it is.
func Allow() *admissionv1.AdmissionResponse { return &admissionv1.AdmissionResponse{Allowed: true} }

// Deny refuses a request and says why.
func Deny(why string) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{Message: why, Code: http.StatusForbidden}}
}

// Patch lets a request through with its object changed by a JSON patch.
func Patch(patch string) *admissionv1.AdmissionResponse {
	kind := admissionv1.PatchTypeJSONPatch
	return &admissionv1.AdmissionResponse{Allowed: true, PatchType: &kind, Patch: []byte(patch)}
}
