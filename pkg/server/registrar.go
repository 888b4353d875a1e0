// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/klog/v2"
	apiregistrationclient "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/typed/apiregistration/v1"
)

const (
	// registrationInterval is how soon a change of an APIService by somebody else is undone.
	registrationInterval = 30 * time.Second
	// crdInterval is how often the CRDs of our groups are looked at once a group-version is registered.
	crdInterval = 10 * time.Minute
	crdPageSize = 500
	// forgetDelay is how long the aggregator gets to see that an APIService is gone.
	forgetDelay = time.Second
)

// registrar keeps the APIServices of our group-versions pointing at this server.
type registrar struct {
	apiServices apiregistrationclient.APIServiceInterface
	metadata    metadata.Interface
	dynamic     dynamic.Interface
	// served names the resources of each group-version.
	served map[schema.GroupVersion]sets.Set[string]
	// want returns the registration as of now.
	want       func(ctx context.Context) (registration, error)
	registered *prometheus.GaugeVec
}

// newRegisteredGauge returns the metric of a registrar.
func newRegisteredGauge() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "capstan_apiservice_registered",
		Help: "Whether an APIService points at this server: 1, or 0 where that failed or was refused.",
	}, []string{"name"})
}

// Run registers until the context ends and repairs what somebody else changes.
func (r *registrar) Run(ctx context.Context) {
	checked := map[schema.GroupVersion]time.Time{}
	for {
		for gv := range r.served {
			withCRDs := time.Since(checked[gv]) > crdInterval
			err := r.Register(ctx, gv, withCRDs)
			if err == nil && withCRDs {
				checked[gv] = time.Now()
			}
			r.report(ctx, gv, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(registrationInterval):
		}
	}
}

func (r *registrar) report(ctx context.Context, gv schema.GroupVersion, err error) {
	gauge := r.registered.WithLabelValues(apiServiceName(gv))
	if err == nil {
		gauge.Set(1)
		return
	}
	gauge.Set(0)
	if ctx.Err() == nil {
		klog.FromContext(ctx).Error(err, "Registration", "apiService", apiServiceName(gv))
	}
}

// Register makes the APIService of a group-version point at this server. It fails with *conflictError where that
// would hide resources of CRDs; without a look at the CRDs it only repairs what was registered before.
func (r *registrar) Register(ctx context.Context, gv schema.GroupVersion, withCRDs bool) error {
	want, err := r.want(ctx)
	if err != nil {
		return err
	}
	current, err := r.apiServices.Get(ctx, apiServiceName(gv), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		current = nil
	} else if err != nil {
		return fmt.Errorf("read the APIService: %w", err)
	}
	var unserved []string
	if withCRDs || !pointsAt(current, want) {
		if unserved, err = r.unserved(ctx, gv); err != nil {
			return err
		}
	}
	change, err := decideRegistration(gv, current, unserved, want)
	if err != nil {
		return err
	}
	if err := r.apply(ctx, gv, change); err != nil {
		return err
	}
	if len(unserved) > 0 {
		return fmt.Errorf("%s is registered and hides: %w", gv, &conflictError{GroupVersion: gv, Resources: unserved})
	}
	return nil
}

func (r *registrar) apply(ctx context.Context, gv schema.GroupVersion, change registrationChange) (err error) {
	switch {
	case change.Create != nil:
		err = r.create(ctx, change)
	case change.Patch != nil:
		_, err = r.apiServices.Patch(ctx, apiServiceName(gv), types.MergePatchType, change.Patch, metav1.PatchOptions{})
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the APIService: %w", err)
	}
	klog.FromContext(ctx).Info("Registered", "apiService", apiServiceName(gv))
	return nil
}

// create makes an APIService, in the place of another one where there is one. Other replicas may do the same at the
// same time: whoever comes late leaves it as it is, and compares it at the next pass.
func (r *registrar) create(ctx context.Context, change registrationChange) error {
	if shipped := change.Delete; shipped != nil {
		err := r.apiServices.Delete(ctx, shipped.Name, metav1.DeleteOptions{
			Preconditions: metav1.NewUIDPreconditions(string(shipped.UID)),
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete the one that names no service: %w", err)
		}
	}
	// The aggregator has to see that the one before is gone: one that it sees only replaced is to it the one that it
	// knew. One that is not there may have been deleted by another replica a moment ago.
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(forgetDelay):
	}
	if _, err := r.apiServices.Create(ctx, change.Create, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// unserved names the CRDs that serve resources of a group-version that we do not.
func (r *registrar) unserved(ctx context.Context, gv schema.GroupVersion) ([]string, error) {
	var found []string
	options := metav1.ListOptions{Limit: crdPageSize}
	for {
		page, err := r.metadata.Resource(crdResource()).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("list the cluster's CRDs, to know what registering would hide: %w", err)
		}
		for i := range page.Items {
			serves, err := r.servesUnserved(ctx, gv, page.Items[i].Name)
			if err != nil {
				return nil, err
			}
			if serves {
				found = append(found, page.Items[i].Name)
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return found, nil
		}
	}
}

// servesUnserved reads a CRD only where its name, which is its resource and group, leaves the question open.
func (r *registrar) servesUnserved(ctx context.Context, gv schema.GroupVersion, name string) (bool, error) {
	resource, ours := strings.CutSuffix(name, "."+gv.Group)
	if !ours || r.served[gv].Has(resource) {
		return false, nil
	}
	crd, err := r.dynamic.Resource(crdResource()).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the CRD %s: %w", name, err)
	}
	return servesVersion(crd, gv.Version), nil
}

func crdResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	}
}

func servesVersion(crd *unstructured.Unstructured, version string) bool {
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	if err != nil {
		return true
	}
	for i := range versions {
		if v, ok := versions[i].(map[string]any); ok && v["name"] == version && v["served"] != false {
			return true
		}
	}
	return false
}
