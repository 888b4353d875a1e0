// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// What routers make in another cluster is the Rollout's by its UID, lasts there, and is found again by its kind.
func TestWhatRoutersMakeInAnotherCluster(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		canary, live string
		intent       traffic.Intent
		made         string
	}{
		"the Ingress of ingress-nginx":         {nginxCanary, nginxShop, split(20), "web-shop-canary"},
		"the TrafficSplit of SMI":              {smiCanary, "", split(20), "web"},
		"the ApisixRoute of a header route":    {apisixCanary, apisixWeb, headed(split(20), "beta"), "beta"},
		"a second time, it is left as it is":   {smiCanary, awayOf(smiWeb), split(20), "web"},
		"with other weights, it stays labeled": {smiCanary, awayOf(smiWeb), split(70), "web"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := rolloutOf(t, tc.canary)
			rollout.Annotations = map[string]string{v1alpha1.AnnotationCluster: "east"}
			router := routerOf(t, rollout)
			live := routed(t, router, tc.intent, liveOf(t, tc.live))
			made := 0
			for ref, object := range live {
				if ref.Name != tc.made {
					continue
				}
				made++
				if object.GetLabels()[v1alpha1.LabelRolloutUID] != "uid-of-web" || len(object.GetOwnerReferences()) > 0 {
					t.Errorf("%s has the labels %v and the owners %v", ref, object.GetLabels(), object.GetOwnerReferences())
				}
				known := func(kind traffic.Need) bool {
					return kind.GroupKind == ref.GroupKind && slices.Contains(kind.Versions, object.GroupVersionKind().Version)
				}
				if !slices.ContainsFunc(traffic.Made(), known) {
					t.Errorf("%s is none of the kinds that are said to be made: it would stay for ever", ref)
				}
			}
			if made != 1 {
				t.Errorf("%d objects are called %s, want one", made, tc.made)
			}
			// The same objects are nobody else's to change.
			for _, other := range []func(*v1alpha1.Rollout){
				func(r *v1alpha1.Rollout) { r.UID = "another" }, func(r *v1alpha1.Rollout) { r.Annotations = nil },
			} {
				stranger := rollout.DeepCopy()
				other(stranger)
				err := routerOf(t, stranger).Validate(live)
				if err == nil || !strings.Contains(err.Error(), "is not the Rollout's") {
					t.Errorf("a Rollout %s with %v may drive them: %v", stranger.UID, stranger.Annotations, err)
				}
			}
		})
	}
}

// awayOf is an object as it is in another cluster.
func awayOf(object string) string {
	return object[:strings.Index(object, "  ownerReferences:")] + "  labels: {capstan.dev/rollout-uid: uid-of-web}\n" +
		object[strings.Index(object, "spec:"):]
}
