// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// istioRoutes are the routes of one VirtualService.
type istioRoutes struct {
	*istio
	namespace string
	// shared are the HTTP routes of the user, the others are the Rollout's.
	shared []map[string]any
	// http are those of shared that split the traffic, raw are the TLS and TCP routes that do.
	http, raw []map[string]any
}

// read finds the routes to drive. Where the Rollout names none, it is the only one there is.
func (i *istio) read(service istioService, object map[string]any) (*istioRoutes, error) {
	routes := &istioRoutes{istio: i, namespace: service.Namespace}
	if err := routes.find(service.spec, object); err != nil {
		return nil, fmt.Errorf("the %s: %w", service.Ref, err)
	}
	return routes, nil
}

func (r *istioRoutes) find(spec v1alpha1.IstioVirtualService, object map[string]any) error {
	http, httpErr := list(object, "spec", "http")
	tls, tlsErr := list(object, "spec", "tls")
	tcp, tcpErr := list(object, "spec", "tcp")
	if err := errors.Join(httpErr, tlsErr, tcpErr); err != nil {
		return err
	}
	if len(http)+len(tls)+len(tcp) == 0 {
		return errors.New("there are neither http, tls nor tcp routes")
	}
	managed := managedNames(r.rollout)
	for _, route := range http {
		if !slices.Contains(managed, text(route, "name")) {
			r.shared = append(r.shared, route)
		}
	}
	var err error
	if len(http) > 0 || len(spec.Routes) > 0 {
		r.http, err = pick("http", r.shared, spec.Routes, func(route map[string]any, name string) bool {
			return text(route, "name") == name
		})
	}
	if err == nil && (len(tls) > 0 || len(spec.TLSRoutes) > 0) {
		err = r.add(pick("tls", tls, spec.TLSRoutes, matchesTLS))
	}
	if err == nil && (len(tcp) > 0 || len(spec.TCPRoutes) > 0) {
		err = r.add(pick("tcp", tcp, spec.TCPRoutes, matchesTCP))
	}
	if err != nil {
		return err
	}
	for _, route := range slices.Concat(r.http, r.raw) {
		if err := r.check(route); err != nil {
			return err
		}
	}
	return nil
}

func (r *istioRoutes) add(routes []map[string]any, err error) error {
	r.raw = append(r.raw, routes...)
	return err
}

// pick returns the routes that are named, or the only one where none is.
func pick[N any](
	kind string, routes []map[string]any, names []N, is func(map[string]any, N) bool,
) ([]map[string]any, error) {
	if len(names) == 0 {
		if len(routes) != 1 {
			return nil, fmt.Errorf("there are %d %s routes: the Rollout has to name those to drive", len(routes), kind)
		}
		return routes, nil
	}
	picked := map[int]map[string]any{}
	for _, name := range names {
		found := false
		for index, route := range routes {
			if is(route, name) {
				picked[index], found = route, true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no %s route such as the Rollout names: %s", kind, describe(name))
		}
	}
	var ordered []map[string]any
	for _, index := range slices.Sorted(maps.Keys(picked)) {
		ordered = append(ordered, picked[index])
	}
	return ordered, nil
}

// describe writes what names a route as the Rollout does.
func describe(name any) string {
	written, err := json.Marshal(name)
	if err != nil {
		return fmt.Sprint(name)
	}
	return string(written)
}

// matchesTLS reports whether a route has one port and the hosts of the Rollout's, over all its matches.
func matchesTLS(route map[string]any, want v1alpha1.TLSRoute) bool {
	hosts := map[string]bool{}
	matches, err := list(route, "match")
	for _, match := range matches {
		names, _ := match["sniHosts"].([]any)
		for _, name := range names {
			host, _ := name.(string)
			hosts[host] = true
		}
	}
	wanted := map[string]bool{}
	for _, host := range want.SNIHosts {
		wanted[host] = true
	}
	return err == nil && maps.Equal(hosts, wanted) && matchesTCP(route, v1alpha1.TCPRoute{Port: want.Port})
}

// matchesTCP reports whether all matches of a route have the port of the Rollout's; zero is any port.
func matchesTCP(route map[string]any, want v1alpha1.TCPRoute) bool {
	matches, err := list(route, "match")
	if err != nil || (len(matches) == 0 && ptr.Deref(want.Port, 0) != 0) {
		return false
	}
	return !slices.ContainsFunc(matches, func(match map[string]any) bool {
		port, _ := number(match["port"])
		return port != ptr.Deref(want.Port, 0)
	})
}
