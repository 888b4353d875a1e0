// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"mime"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/endpoints/request"
)

const argoGroup = "argoproj.io"

// opaqueKinds maps the resources whose pod templates are kept as the user wrote them to their kinds. Without a
// template's schema a strategic merge would replace lists that a user expects to be merged by name; the peers'
// CRDs do not offer it either, and kubectl apply then sends a JSON merge patch.
func opaqueKinds() map[string]string {
	return map[string]string{
		"rollouts":                 "Rollout",
		"analysistemplates":        "AnalysisTemplate",
		"clusteranalysistemplates": "ClusterAnalysisTemplate",
		"analysisruns":             "AnalysisRun",
		"experiments":              "Experiment",
	}
}

// withoutStrategicMerge answers 415 to a strategic merge patch of an opaque kind. A Scale has its schema and passes.
func withoutStrategicMerge(next http.Handler, refuse refusal) http.Handler {
	opaque := opaqueKinds()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		info, ok := request.RequestInfoFrom(req.Context())
		if !ok || info.Verb != "patch" || info.APIGroup != argoGroup || info.Subresource == "scale" {
			next.ServeHTTP(w, req)
			return
		}
		kind, found := opaque[info.Resource]
		if !found || !isStrategicMerge(req) {
			next.ServeHTTP(w, req)
			return
		}
		refuse(w, req, noStrategicMerge(kind, info.Name))
	})
}

func isStrategicMerge(req *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	return err == nil && mediaType == string(types.StrategicMergePatchType)
}

func noStrategicMerge(kind, name string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure,
		Code:   http.StatusUnsupportedMediaType,
		Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: fmt.Sprintf("%s %q takes no strategic merge patch, because its pod template is kept as written: "+
			"use kubectl patch --type=merge, --type=json or kubectl apply", kind, name),
		Details: &metav1.StatusDetails{Group: argoGroup, Kind: kind, Name: name},
	}}
}
