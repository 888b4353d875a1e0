// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package install_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
)

func TestEveryKindGoesThroughTheHubUnchanged(t *testing.T) {
	t.Parallel()
	for version, kinds := range map[schema.GroupVersion][]runtime.Object{
		argov1alpha1.SchemeGroupVersion:    argov1alpha1.Kinds(),
		capstanv1alpha1.SchemeGroupVersion: capstanv1alpha1.Kinds(),
		autoscalingv1.SchemeGroupVersion:   {&autoscalingv1.Scale{}},
	} {
		for _, kind := range kinds {
			scheme := install.NewScheme()
			gvk, err := versionedKind(scheme, kind, version)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(gvk.String(), func(t *testing.T) {
				t.Parallel()
				codec := install.NewCodecs(scheme).LegacyCodec(version)
				text, err := runtime.Encode(codec, kind)
				if err != nil {
					t.Fatal(err)
				}
				decoded, err := runtime.Decode(codec, text)
				if err != nil {
					t.Fatal(err)
				}
				again, err := runtime.Encode(codec, decoded)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(text), string(again)); diff != "" {
					t.Errorf("encoding changed (-first +second):\n%s", diff)
				}
			})
		}
	}
}

func versionedKind(
	scheme *runtime.Scheme, object runtime.Object, version schema.GroupVersion,
) (schema.GroupVersionKind, error) {
	kinds, _, err := scheme.ObjectKinds(object)
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	for _, kind := range kinds {
		if kind.GroupVersion() == version {
			return kind, nil
		}
	}
	return schema.GroupVersionKind{}, runtime.NewNotRegisteredErrForType(scheme.Name(), nil)
}

func TestVersionedSchemeKnowsNoHub(t *testing.T) {
	t.Parallel()
	for kind := range install.NewVersionedScheme().AllKnownTypes() {
		if kind.Version == runtime.APIVersionInternal && kind.Kind != "WatchEvent" {
			t.Errorf("%s is registered as an internal kind", kind)
		}
	}
}

func TestParameterCodecReadsQueryOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		into, want runtime.Object
	}{
		"manifests take a revision": {
			&argov1alpha1.ApplicationManifestsOptions{}, &argov1alpha1.ApplicationManifestsOptions{Revision: "v1"},
		},
		"a diff takes a revision": {
			&argov1alpha1.ApplicationDiffOptions{}, &argov1alpha1.ApplicationDiffOptions{Revision: "v1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			codec := install.NewParameterCodec(install.NewScheme())
			query := url.Values{"revision": {"v1"}}
			if err := codec.DecodeParameters(query, argov1alpha1.SchemeGroupVersion, test.into); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, test.into); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			encoded, err := codec.EncodeParameters(test.into, argov1alpha1.SchemeGroupVersion)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(query, encoded); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFieldLabels(t *testing.T) {
	t.Parallel()
	application := argov1alpha1.SchemeGroupVersion.WithKind("Application")
	syncRun := capstanv1alpha1.SchemeGroupVersion.WithKind("SyncRun")
	for name, test := range map[string]struct {
		kind  schema.GroupVersionKind
		label string
		known bool
	}{
		"an Application is selected by name":               {application, "metadata.name", true},
		"an Application is selected by project":            {application, "spec.project", true},
		"an Application is selected by destination name":   {application, "spec.destination.name", true},
		"an Application is selected by destination server": {application, "spec.destination.server", true},
		"an Application is selected by sync status":        {application, "status.sync.status", true},
		"an Application is selected by health":             {application, "status.health.status", true},
		"an Application is not selected by path":           {application, "spec.source.path", false},
		"a SyncRun is selected by Application":             {syncRun, "spec.application.name", true},
		"a SyncRun is not selected by phase":               {syncRun, "status.phase", false},
		"a Cluster is selected by name": {
			capstanv1alpha1.SchemeGroupVersion.WithKind("Cluster"), "metadata.name", true,
		},
		"an AppProject is not selected by description": {
			argov1alpha1.SchemeGroupVersion.WithKind("AppProject"), "spec.description", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			label, value, err := install.NewScheme().ConvertFieldLabel(test.kind, test.label, "x")
			if known := err == nil; known != test.known {
				t.Fatalf("known is %t, want %t (%v)", known, test.known, err)
			}
			if test.known && (label != test.label || value != "x") {
				t.Errorf("converted to %s=%s", label, value)
			}
		})
	}
}
