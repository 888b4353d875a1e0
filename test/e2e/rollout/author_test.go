// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// author is a client that does in the hub what Routers say.
type author struct {
	steps.Steps
	kubectl plane.Kubectl
	client  dynamic.Interface
	mapper  meta.RESTMapper
	// owner is the UID of a Rollout that is there, and drives nothing: what an absent owner has would be collected.
	owner types.UID
}

// newAuthor returns a client that knows the kinds of the routers.
func newAuthor(t *testing.T) *author {
	t.Helper()
	s := &author{Steps: steps.Steps{T: t}, kubectl: stage.Hub()}
	installRoutes(&s.Steps)
	config, err := clientcmd.BuildConfigFromFlags("", stage.Plane.Clusters[world.Hub].Kubeconfig)
	s.OK(err)
	config.QPS = -1 // The API server throttles, not this client.
	s.client, err = dynamic.NewForConfig(config)
	s.OK(err)
	found, err := discovery.NewDiscoveryClientForConfig(config)
	s.OK(err)
	s.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
	s.apply("{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: default}, spec: {}}")
	uid, err := s.kubectl.Run(s.Context(), "get", "rollout", "web", "--namespace=default", "--output=jsonpath={.metadata.uid}")
	s.OK(err)
	s.owner = types.UID(uid)
	return s
}

// resource returns the client for the kind of an object, of the first version that both sides know.
func (s *author) resource(need traffic.Need) dynamic.ResourceInterface {
	s.Helper()
	mapping, err := s.mapper.RESTMapping(need.GroupKind, need.Versions...)
	s.OK(err)
	return s.client.Resource(mapping.Resource).Namespace(need.Namespace)
}

// read returns all that a router has to see.
func (s *author) read(router traffic.Router) traffic.Live {
	s.Helper()
	live := traffic.Live{}
	for _, need := range router.Needs() {
		object, err := s.resource(need).Get(s.Context(), need.Name, metav1.GetOptions{})
		if need.Optional && apierrors.IsNotFound(err) {
			continue
		}
		s.OK(err)
		live[need.Ref] = object
	}
	return live
}

// route writes what a router says, and shows that it has nothing more to say then.
func (s *author) route(router traffic.Router, intent traffic.Intent) {
	s.Helper()
	changes, err := router.Route(intent, s.read(router))
	s.OK(err)
	for _, change := range changes {
		s.OK(s.write(router, change))
	}
	again, err := router.Route(intent, s.read(router))
	s.OK(err)
	for _, change := range again {
		s.Errorf("%s would write the %s again: %v", router.Name(), change.Ref, change.Object.Object["spec"])
	}
}

func (s *author) write(router traffic.Router, change traffic.Change) error {
	s.Helper()
	for _, need := range router.Needs() {
		if need.Ref != change.Ref {
			continue
		}
		if change.Delete {
			return s.resource(need).Delete(s.Context(), change.Name, metav1.DeleteOptions{})
		}
		if change.Create {
			return created(s.resource(need).Create(s.Context(), change.Object, strict.create()))
		}
		return created(s.resource(need).Update(s.Context(), change.Object, strict.update()))
	}
	s.Fatalf("%s writes the %s without a need to see it", router.Name(), change.Ref)
	return nil
}

func created(_ *unstructured.Unstructured, err error) error { return err }

// validation is how unknown fields are taken.
type validation string

// strict refuses fields that a kind does not have, which an API server would drop in silence.
const strict validation = metav1.FieldValidationStrict

func (v validation) create() metav1.CreateOptions {
	return metav1.CreateOptions{FieldValidation: string(v)}
}

func (v validation) update() metav1.UpdateOptions {
	return metav1.UpdateOptions{FieldValidation: string(v)}
}

// routerOf returns the only router that a Rollout names whose strategy is written as YAML.
func (s *author) routerOf(canary string) traffic.Router {
	s.Helper()
	rollout := &v1alpha1.Rollout{}
	rollout.Namespace, rollout.Name, rollout.UID = "default", "web", s.owner
	rollout.Spec.Strategy = &v1alpha1.RolloutStrategy{Canary: &v1alpha1.CanaryStrategy{}}
	s.OK(yaml.UnmarshalStrict([]byte(canary), rollout.Spec.Strategy.Canary))
	// What a step has written is known by what the status says of it.
	rollout.Status.Canary.Weights = &v1alpha1.TrafficWeights{
		Additional: []v1alpha1.WeightDestination{{ServiceName: "trial"}},
	}
	routers, err := traffic.Routers(rollout)
	s.OK(err)
	if len(routers) != 1 {
		s.Fatalf("the Rollout names %d routers", len(routers))
	}
	return routers[0]
}

// apply makes the objects of a user.
func (s *author) apply(objects string) {
	s.Helper()
	s.OK(s.kubectl.Apply(s.Context(), objects))
}
