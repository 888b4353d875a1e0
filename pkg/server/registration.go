// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"
)

const (
	// The range that the aggregator recommends for platforms; groups of CRDs have 1000.
	groupPriorityMinimum = 2000
	versionPriority      = 15
	// automanagedLabel makes the host revert what is changed in an APIService that it made for a CRD.
	automanagedLabel = "kube-aggregator.kubernetes.io/automanaged"
)

// registration is where the host cluster's aggregator finds this server.
type registration struct {
	Namespace, Name string
	Port            int32
	// CABundle verifies the server; empty leaves the APIService's own bundle alone.
	CABundle []byte
}

// conflictError says that a group-version cannot be taken over, because CRDs serve resources of it that we do not.
type conflictError struct {
	GroupVersion schema.GroupVersion
	Resources    []string
}

// Error implements error.
func (e *conflictError) Error() string {
	return fmt.Sprintf("not registering %s: it would hide resources that Capstan does not serve: %s. An APIService takes "+
		"a whole group-version; delete these CRDs, or move their objects to another cluster, and registration goes on "+
		"by itself", e.GroupVersion, strings.Join(e.Resources, ", "))
}

// registrationChange is what to do with an APIService: create it, patch it, or nothing.
type registrationChange struct {
	// Delete is the APIService that Create takes the place of.
	Delete *apiregistrationv1.APIService
	Create *apiregistrationv1.APIService
	Patch  []byte
}

// decideRegistration compares an APIService, nil where there is none, with what it has to be. Unserved are the
// resources that CRDs serve and we do not; they prevent the first registration and never undo one, which would
// hide ours.
func decideRegistration(
	gv schema.GroupVersion, current *apiregistrationv1.APIService, unserved []string, want registration,
) (registrationChange, error) {
	if len(unserved) > 0 && !pointsAt(current, want) {
		return registrationChange{}, &conflictError{GroupVersion: gv, Resources: unserved}
	}
	if current == nil {
		return registrationChange{Create: want.apiService(gv)}, nil
	}
	if current.Labels[automanagedLabel] == "" && want.matches(current) {
		return registrationChange{}, nil
	}
	if current.Labels[automanagedLabel] == "" && current.Spec.Service == nil {
		return registrationChange{Delete: current, Create: want.inPlaceOf(gv, current)}, nil
	}
	patch, err := want.patch(gv)
	return registrationChange{Patch: patch}, err
}

// inPlaceOf returns the APIService that replaces one without a service, as manifests ship it. It has to be made
// anew: the aggregator never asks one that began without a service for its OpenAPI (kube-aggregator 0.37:
// controllers/openapiv3).
func (r registration) inPlaceOf(
	gv schema.GroupVersion, shipped *apiregistrationv1.APIService,
) *apiregistrationv1.APIService {
	complete := r.apiService(gv)
	complete.Labels, complete.Annotations = shipped.Labels, shipped.Annotations
	return complete
}

func pointsAt(current *apiregistrationv1.APIService, want registration) bool {
	return current != nil && current.Spec.Service != nil &&
		current.Spec.Service.Namespace == want.Namespace && current.Spec.Service.Name == want.Name
}

func (r registration) matches(current *apiregistrationv1.APIService) bool {
	return pointsAt(current, r) && ptr.Equal(current.Spec.Service.Port, &r.Port) &&
		current.Spec.GroupPriorityMinimum == groupPriorityMinimum && current.Spec.VersionPriority == versionPriority &&
		(len(r.CABundle) == 0 || !current.Spec.InsecureSkipTLSVerify && bytes.Equal(current.Spec.CABundle, r.CABundle))
}

func (r registration) apiService(gv schema.GroupVersion) *apiregistrationv1.APIService {
	return &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: apiServiceName(gv)},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: gv.Group, Version: gv.Version,
			GroupPriorityMinimum: groupPriorityMinimum, VersionPriority: versionPriority,
			Service:  &apiregistrationv1.ServiceReference{Namespace: r.Namespace, Name: r.Name, Port: &r.Port},
			CABundle: r.CABundle,
		},
	}
}

// patch sets the label to null and the specification in one request: the host's controller for CRDs would undo a
// specification that came before the label went.
func (r registration) patch(gv schema.GroupVersion) ([]byte, error) {
	spec := map[string]any{
		"group": gv.Group, "version": gv.Version,
		"groupPriorityMinimum": groupPriorityMinimum, "versionPriority": versionPriority,
		"service": map[string]any{"namespace": r.Namespace, "name": r.Name, "port": r.Port},
	}
	if len(r.CABundle) > 0 {
		spec["caBundle"], spec["insecureSkipTLSVerify"] = r.CABundle, nil
	}
	return json.Marshal(map[string]any{
		"metadata": map[string]any{"labels": map[string]any{automanagedLabel: nil}},
		"spec":     spec,
	})
}

func apiServiceName(gv schema.GroupVersion) string {
	return gv.Version + "." + gv.Group
}
