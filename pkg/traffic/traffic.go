// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Destination is where a part of the traffic goes.
type Destination struct {
	// Service is the name of the Service.
	Service string
	// Hash is the pod template hash of the pods behind it, empty where there are none.
	Hash string
	// Weight is the share of the traffic, in parts of Intent.Max.
	Weight int32
	// Port is the port of the Service of an Experiment; zero is the port that the canary is reached by.
	Port int32
}

// Intent is how the traffic of a Rollout should be split.
type Intent struct {
	// Canary and Stable are the new and the old revision.
	Canary, Stable Destination
	// Additional are the Services of an Experiment.
	Additional []Destination
	// Headers are the header routes in force; one that is not here is taken away.
	Headers []v1alpha1.SetHeaderRoute
	// Mirrors are the mirror routes in force; one that is not here is taken away.
	Mirrors []v1alpha1.SetMirrorRoute
	// Max is the weight that means all traffic.
	Max int32
}

// Ref names an object.
type Ref struct {
	schema.GroupKind
	Namespace, Name string
}

// String returns the kind, the namespace and the name.
func (r Ref) String() string { return r.Kind + " " + r.Namespace + "/" + r.Name }

// Need is an object, or all objects of a label, that a router has to see.
type Need struct {
	// Ref names the object; its name is empty where Selector is set.
	Ref
	// Versions are the API versions that the router can read, the preferred one first.
	Versions []string
	// Selector selects all the objects of the kind and the namespace that have these labels; nil is the named object.
	Selector labels.Selector
	// Optional says that the router makes the object where it is missing.
	Optional bool
}

// Live are the objects that a router has to see, as they are; one that is missing is not there.
type Live map[Ref]*unstructured.Unstructured

// Change is an object to write.
type Change struct {
	Ref
	// Object is the whole object as it should be.
	Object *unstructured.Unstructured
	// Create says that the object is missing so far.
	Create bool
	// Delete says that the object, which is as it was read, has to go.
	Delete bool
}

// Router drives the objects of one kind of traffic router for one Rollout.
type Router interface {
	// Name is the name of the router in metrics and events.
	Name() string
	// Needs are what the router has to see.
	Needs() []Need
	// Validate says why the objects cannot be driven, nil where they can.
	Validate(live Live) error
	// Route returns what to write so that the traffic is as intended.
	Route(intent Intent, live Live) ([]Change, error)
	// Keep gives another state of one of the objects the split that the live one has. What cannot be read is left alone.
	Keep(ref Ref, live, wanted *unstructured.Unstructured)
}

// Routers returns the routers that a Rollout names. One that it names and that there is no driver for is an error:
// traffic that is never moved must not look as if it were.
func Routers(rollout *v1alpha1.Rollout) ([]Router, error) {
	canary := rollout.Spec.Canary()
	if canary == nil || canary.TrafficRouting == nil {
		return nil, nil
	}
	var routers []Router
	for _, driver := range drivers(rollout) {
		router, err := driver()
		if err != nil {
			return nil, err
		}
		routers = append(routers, router)
	}
	return routers, nil
}

// Shared says why a router that a Rollout names cannot send traffic to the Services of an Experiment, nil where all
// can.
func Shared(rollout *v1alpha1.Rollout) error {
	spec := rollout.Spec.Canary().TrafficRouting
	switch {
	case spec.Nginx != nil:
		return errors.New("trafficRouting.nginx splits traffic in two: use another router, or remove the weight")
	case spec.Traefik != nil:
		return errors.New("trafficRouting.traefik splits traffic in two: use another router, or remove the weight")
	case spec.Apisix != nil:
		return errors.New("trafficRouting.apisix splits traffic in two: use another router, or remove the weight")
	default:
		return nil
	}
}

// drivers returns what makes the routers that a Rollout names, in the order of the peer.
func drivers(rollout *v1alpha1.Rollout) []func() (Router, error) {
	spec := rollout.Spec.Canary().TrafficRouting
	missing := func(name string) func() (Router, error) {
		return func() (Router, error) {
			return nil, fmt.Errorf("trafficRouting.%s is not supported: use another router", name)
		}
	}
	drivers := []func() (Router, error){}
	add := func(named bool, driver func() (Router, error)) {
		if named {
			drivers = append(drivers, driver)
		}
	}
	add(spec.Istio != nil, func() (Router, error) { return newIstio(rollout) })
	add(spec.Nginx != nil, func() (Router, error) { return newNginx(rollout) })
	add(spec.ALB != nil, func() (Router, error) { return newALB(rollout) })
	add(spec.SMI != nil, func() (Router, error) { return newSMI(rollout) })
	add(spec.Ambassador != nil, missing("ambassador"))
	add(spec.AppMesh != nil, missing("appMesh"))
	add(spec.Traefik != nil, func() (Router, error) { return newTraefik(rollout) })
	add(spec.Apisix != nil, func() (Router, error) { return newApisix(rollout) })
	for _, name := range slices.Sorted(maps.Keys(spec.Plugins)) {
		add(true, func() (Router, error) { return newGateway(rollout, name) })
	}
	return drivers
}

// check says whether the weights are parts of one whole.
func (i Intent) check() error {
	sum := int64(0)
	for _, destination := range i.destinations() {
		if destination.Weight < 0 {
			return fmt.Errorf("the weight of the Service %q is %d: a weight cannot be below 0",
				destination.Service, destination.Weight)
		}
		sum += int64(destination.Weight)
	}
	if sum != int64(i.Max) {
		return fmt.Errorf("the weights of all destinations are %d together, and should be %d", sum, i.Max)
	}
	return nil
}

func (i Intent) destinations() []Destination {
	return append([]Destination{i.Canary, i.Stable}, i.Additional...)
}

// inProgress reports whether the objects are other than they are between two updates.
func (i Intent) inProgress() bool {
	return i.Canary.Weight != 0 || len(i.Additional)+len(i.Headers)+len(i.Mirrors) > 0
}

// mirrored returns a mirror route that is in force, by name.
func (i Intent) mirrored(name string) *v1alpha1.SetMirrorRoute {
	index := slices.IndexFunc(i.Mirrors, func(route v1alpha1.SetMirrorRoute) bool { return route.Name == name })
	if index < 0 || len(i.Mirrors[index].Match) == 0 {
		return nil
	}
	return &i.Mirrors[index]
}

// headed returns a header route that is in force, by name.
func (i Intent) headed(name string) *v1alpha1.SetHeaderRoute {
	index := slices.IndexFunc(i.Headers, func(route v1alpha1.SetHeaderRoute) bool { return route.Name == name })
	if index < 0 || len(i.Headers[index].Match) == 0 {
		return nil
	}
	return &i.Headers[index]
}

// Made are the kinds of which routers make objects for a Rollout, in its namespace.
func Made() []Need {
	return []Need{
		{Ref: Ref{GroupKind: ingressKind()}, Versions: []string{"v1"}},
		{Ref: Ref{GroupKind: smiKind()}, Versions: []string{smiVersion}},
		{Ref: Ref{GroupKind: apisixKind()}, Versions: apisixVersions()},
	}
}
