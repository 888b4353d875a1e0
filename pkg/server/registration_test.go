// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregatorfake "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/fake"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func wanted() registration {
	return registration{Namespace: "argocd", Name: "capstan-apiserver", Port: 443, CABundle: []byte("bundle")}
}

// shipped is the APIService of the manifests: the server completes it.
func shipped() *apiregistrationv1.APIService {
	s := wanted().apiService(argov1alpha1.SchemeGroupVersion)
	s.Spec.Service, s.Spec.CABundle = nil, nil
	return s
}

func registeredAs(change func(*apiregistrationv1.APIService)) *apiregistrationv1.APIService {
	s := wanted().apiService(argov1alpha1.SchemeGroupVersion)
	change(s)
	return s
}

func TestDecideRegistration(t *testing.T) {
	t.Parallel()
	automanaged := func(s *apiregistrationv1.APIService) {
		s.Labels = map[string]string{automanagedLabel: "true"}
		s.Spec.Service, s.Spec.CABundle, s.Spec.GroupPriorityMinimum = nil, nil, 1000
	}
	nothing := func(*apiregistrationv1.APIService) {}
	stale := func(s *apiregistrationv1.APIService) { s.Spec.CABundle = []byte("old") }
	workflows := []string{"workflows.argoproj.io"}
	cases := map[string]struct {
		current  *apiregistrationv1.APIService
		unserved []string
		want     string
	}{
		"creates it where there is none":                   {nil, nil, "create"},
		"replaces the shipped one":                         {shipped(), nil, "replace"},
		"takes over one that the host made for CRDs":       {registeredAs(automanaged), nil, "patch"},
		"renews the bundle":                                {registeredAs(stale), nil, "patch"},
		"leaves a current one alone":                       {registeredAs(nothing), nil, "nothing"},
		"refuses to hide kinds of CRDs":                    {registeredAs(automanaged), workflows, "refuse"},
		"refuses to hide them by creating":                 {nil, workflows, "refuse"},
		"refuses to hide them by completing":               {shipped(), workflows, "refuse"},
		"stays registered when such a CRD comes later":     {registeredAs(nothing), workflows, "nothing"},
		"renews the bundle when such a CRD has come later": {registeredAs(stale), workflows, "patch"},
		"repoints one of another server":                   {registeredAs(func(s *apiregistrationv1.APIService) { s.Spec.Service.Name = "x" }), nil, "patch"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change, err := decideRegistration(argov1alpha1.SchemeGroupVersion, tc.current, tc.unserved, wanted())
			got := "nothing"
			switch {
			case err != nil:
				got = "refuse"
			case change.Delete != nil && change.Create != nil:
				got = "replace"
			case change.Create != nil:
				got = "create"
			case change.Patch != nil:
				got = "patch"
			}
			if got != tc.want {
				t.Errorf("decided to %s, want %s (%v)", got, tc.want, err)
			}
			if err != nil && !strings.Contains(err.Error(), "workflows.argoproj.io") {
				t.Errorf("the refusal does not name the CRD: %v", err)
			}
		})
	}
	t.Run("one patch drops the label and sets the specification", func(t *testing.T) {
		t.Parallel()
		change, err := decideRegistration(argov1alpha1.SchemeGroupVersion, registeredAs(automanaged), nil, wanted())
		if err != nil {
			t.Fatal(err)
		}
		var patch map[string]map[string]any
		if err := json.Unmarshal(change.Patch, &patch); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{automanagedLabel: nil}, patch["metadata"]["labels"]); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if patch["spec"]["service"] == nil || patch["spec"]["caBundle"] == nil {
			t.Errorf("specification: %v", patch["spec"])
		}
	})
	t.Run("leaves the bundle alone where the certificate is the user's", func(t *testing.T) {
		t.Parallel()
		want := wanted()
		want.CABundle = nil
		change, err := decideRegistration(argov1alpha1.SchemeGroupVersion, registeredAs(stale), nil, want)
		if err != nil || change.Patch != nil {
			t.Errorf("change %s, error %v, want none", change.Patch, err)
		}
	})
}

func crd(name string, versions ...any) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"versions": versions}}}
	u.SetAPIVersion("apiextensions.k8s.io/v1")
	u.SetKind("CustomResourceDefinition")
	u.SetName(name)
	return u
}

func newRegistrar(t *testing.T, crds ...*unstructured.Unstructured) (*registrar, *aggregatorfake.Clientset) {
	t.Helper()
	metadataScheme := metadatafake.NewTestScheme()
	if err := metav1.AddMetaToScheme(metadataScheme); err != nil {
		t.Fatal(err)
	}
	var partial, whole []runtime.Object
	for _, c := range crds {
		whole = append(whole, c)
		partial = append(partial, &metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{APIVersion: c.GetAPIVersion(), Kind: c.GetKind()},
			ObjectMeta: metav1.ObjectMeta{Name: c.GetName()},
		})
	}
	lists := map[schema.GroupVersionResource]string{crdResource(): "CustomResourceDefinitionList"}
	host := aggregatorfake.NewClientset()
	return &registrar{
		apiServices: host.ApiregistrationV1().APIServices(),
		metadata:    metadatafake.NewSimpleMetadataClient(metadataScheme, partial...),
		dynamic:     dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, whole...),
		served: map[schema.GroupVersion]sets.Set[string]{
			argov1alpha1.SchemeGroupVersion: sets.New("applications", "rollouts"),
		},
		want: func(context.Context) (registration, error) { return wanted(), nil }, registered: newRegisteredGauge(),
	}, host
}

func TestRegister(t *testing.T) {
	t.Parallel()
	served := map[string]any{"name": "v1alpha1", "served": true}
	cases := map[string]struct {
		crds    []*unstructured.Unstructured
		refused []string
	}{
		"registers in a cluster without CRDs":      {nil, nil},
		"registers over CRDs of kinds that it has": {[]*unstructured.Unstructured{crd("applications.argoproj.io", served)}, nil},
		"lets CRDs of other groups be":             {[]*unstructured.Unstructured{crd("workflows.example.com", served)}, nil},
		"lets other versions be": {
			[]*unstructured.Unstructured{crd("eventbus.argoproj.io", map[string]any{"name": "v1", "served": true})}, nil,
		},
		"lets a version be that is not served": {
			[]*unstructured.Unstructured{crd("eventbus.argoproj.io", map[string]any{"name": "v1alpha1", "served": false})}, nil,
		},
		"refuses over a kind that it has not": {
			[]*unstructured.Unstructured{crd("rollouts.argoproj.io", served), crd("workflows.argoproj.io", served)},
			[]string{"workflows.argoproj.io"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, host := newRegistrar(t, tc.crds...)
			err := r.Register(t.Context(), argov1alpha1.SchemeGroupVersion, true)
			var conflict *conflictError
			if errors.As(err, &conflict) {
				if diff := cmp.Diff(tc.refused, conflict.Resources); diff != "" {
					t.Errorf("refused for (-want +got):\n%s", diff)
				}
			} else if err != nil || tc.refused != nil {
				t.Fatalf("error %v, want a conflict over %v", err, tc.refused)
			}
			_, err = host.ApiregistrationV1().APIServices().Get(t.Context(), "v1alpha1.argoproj.io", metav1.GetOptions{})
			if (err == nil) != (tc.refused == nil) {
				t.Errorf("registered: %v", err)
			}
		})
	}
	t.Run("changes nothing the second time", func(t *testing.T) {
		t.Parallel()
		r, host := newRegistrar(t)
		for range 2 {
			if err := r.Register(t.Context(), argov1alpha1.SchemeGroupVersion, false); err != nil {
				t.Fatal(err)
			}
		}
		var verbs []string
		for _, action := range host.Actions() {
			verbs = append(verbs, action.GetVerb())
		}
		if diff := cmp.Diff([]string{"get", "create", "get"}, verbs); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
	t.Run("leaves what another replica made in the meantime", func(t *testing.T) {
		t.Parallel()
		r, host := newRegistrar(t)
		first := shipped()
		first.UID = "shipped"
		services := host.ApiregistrationV1().APIServices()
		if _, err := services.Create(t.Context(), first, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		// The other one is faster: what is to be deleted is gone, and what is to be created is there.
		host.PrependReactor("delete", "apiservices", func(clienttesting.Action) (bool, runtime.Object, error) {
			other := wanted().apiService(argov1alpha1.SchemeGroupVersion)
			other.UID = "other"
			resource := apiregistrationv1.SchemeGroupVersion.WithResource("apiservices")
			return true, nil, errors.Join(host.Tracker().Update(resource, other, ""),
				apierrors.NewConflict(resource.GroupResource(), other.Name, errors.New("the UID is another")))
		})
		if err := r.Register(t.Context(), argov1alpha1.SchemeGroupVersion, false); err != nil {
			t.Fatal(err)
		}
		found, err := services.Get(t.Context(), first.Name, metav1.GetOptions{})
		if err != nil || found.UID != "other" {
			t.Errorf("the APIService is %v, %v, want that of the other replica", found, err)
		}
	})
}
