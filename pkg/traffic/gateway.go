// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// gatewayPlugin is the name under which Rollouts configure the Gateway API, that of the peer's plugin.
const gatewayPlugin = "argoproj-labs/gatewayAPI"

const gatewayGroup = "gateway.networking.k8s.io"

// gatewayConfig is the part of the plugin's configuration that says what to drive. What the plugin keeps in its
// ConfigMap is known from the rules themselves, so its name is not needed.
type gatewayConfig struct {
	Namespace string `json:"namespace"`

	HTTPRoute         string                `json:"httpRoute"`
	HTTPRouteRuleName string                `json:"httpRouteRuleName"`
	HTTPRoutes        []gatewayRoute        `json:"httpRoutes"`
	HTTPRouteSelector *metav1.LabelSelector `json:"httpRouteSelector"`

	GRPCRoute         string                `json:"grpcRoute"`
	GRPCRouteRuleName string                `json:"grpcRouteRuleName"`
	GRPCRoutes        []gatewayRoute        `json:"grpcRoutes"`
	GRPCRouteSelector *metav1.LabelSelector `json:"grpcRouteSelector"`

	TCPRoute         string                `json:"tcpRoute"`
	TCPRouteRuleName string                `json:"tcpRouteRuleName"`
	TCPRoutes        []gatewayRoute        `json:"tcpRoutes"`
	TCPRouteSelector *metav1.LabelSelector `json:"tcpRouteSelector"`

	TLSRoute         string                `json:"tlsRoute"`
	TLSRouteRuleName string                `json:"tlsRouteRuleName"`
	TLSRoutes        []gatewayRoute        `json:"tlsRoutes"`
	TLSRouteSelector *metav1.LabelSelector `json:"tlsRouteSelector"`

	DisableInProgressLabel      bool   `json:"disableInProgressLabel"`
	InProgressLabelKey          string `json:"inProgressLabelKey"`
	InProgressLabelValue        string `json:"inProgressLabelValue"`
	ActiveRolloutsAnnotationKey string `json:"activeRolloutsAnnotationKey"`
}

// gatewayRoute is a route to drive.
type gatewayRoute struct {
	Name            string `json:"name"`
	UseHeaderRoutes bool   `json:"useHeaderRoutes"`
	RuleName        string `json:"ruleName"`
}

// gatewayKind is what the configuration says of one kind of route.
type gatewayKind struct {
	kind     string
	versions []string
	single   gatewayRoute
	routes   []gatewayRoute
	selector *metav1.LabelSelector
}

func (c gatewayConfig) kinds() []gatewayKind {
	stable, young := []string{"v1", "v1beta1"}, []string{"v1", "v1alpha3", "v1alpha2"}
	single := func(name, rule string) gatewayRoute {
		return gatewayRoute{Name: name, RuleName: rule, UseHeaderRoutes: true}
	}
	return []gatewayKind{
		{"HTTPRoute", stable, single(c.HTTPRoute, c.HTTPRouteRuleName), c.HTTPRoutes, c.HTTPRouteSelector},
		{"GRPCRoute", stable, single(c.GRPCRoute, c.GRPCRouteRuleName), c.GRPCRoutes, c.GRPCRouteSelector},
		{"TCPRoute", young, single(c.TCPRoute, c.TCPRouteRuleName), c.TCPRoutes, c.TCPRouteSelector},
		{"TLSRoute", young, single(c.TLSRoute, c.TLSRouteRuleName), c.TLSRoutes, c.TLSRouteSelector},
	}
}

// gateway drives routes of the Gateway API.
type gateway struct {
	rollout        *v1alpha1.Rollout
	config         gatewayConfig
	stable, canary string
	needs          []Need
	targets        map[Ref]gatewayRoute
}

func newGateway(rollout *v1alpha1.Rollout, plugin string) (*gateway, error) {
	if plugin != gatewayPlugin {
		return nil, fmt.Errorf("spec.strategy.canary.trafficRouting.plugins names %q: only %s can be used",
			plugin, gatewayPlugin)
	}
	g := &gateway{rollout: rollout, targets: map[Ref]gatewayRoute{}}
	raw := rollout.Spec.Canary().TrafficRouting.Plugins[plugin].Raw
	if err := json.Unmarshal(raw, &g.config); err != nil {
		return nil, fmt.Errorf("the configuration of the plugin %s: %w", gatewayPlugin, err)
	}
	g.config.Namespace = cmp.Or(g.config.Namespace, rollout.Namespace)
	g.stable, g.canary = Services(rollout)
	if g.stable == "" || g.canary == "" {
		return nil, fmt.Errorf("the plugin %s needs a canaryService and a stableService, or pingPong", gatewayPlugin)
	}
	for _, kind := range g.config.kinds() {
		if err := g.want(kind); err != nil {
			return nil, err
		}
	}
	if len(g.needs) == 0 {
		return nil, fmt.Errorf("the plugin %s names no route: set httpRoute, httpRoutes or one of the others",
			gatewayPlugin)
	}
	return g, nil
}

func (g *gateway) want(kind gatewayKind) error {
	group := schema.GroupKind{Group: gatewayGroup, Kind: kind.kind}
	routes := kind.routes
	if kind.single.Name != "" {
		routes = append(slices.Clip(routes), kind.single)
	}
	for _, route := range routes {
		if route.Name == "" {
			return fmt.Errorf("the plugin %s lists a %s without a name", gatewayPlugin, kind.kind)
		}
		ref := Ref{GroupKind: group, Namespace: g.config.Namespace, Name: route.Name}
		if _, twice := g.targets[ref]; !twice {
			g.needs = append(g.needs, Need{Ref: ref, Versions: kind.versions})
		}
		route.UseHeaderRoutes = route.UseHeaderRoutes || g.targets[ref].UseHeaderRoutes
		g.targets[ref] = route
	}
	if kind.selector == nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(kind.selector)
	if err != nil {
		return fmt.Errorf("the plugin %s selects a %s: %w", gatewayPlugin, kind.kind, err)
	}
	ref := Ref{GroupKind: group, Namespace: g.config.Namespace}
	g.needs = append(g.needs, Need{Ref: ref, Versions: kind.versions, Selector: selector})
	return nil
}

// Name is the name of the router in metrics and events.
func (g *gateway) Name() string { return "GatewayAPI" }

// Needs are the routes that the configuration names or selects.
func (g *gateway) Needs() []Need { return g.needs }

// refs returns the routes to drive: the named ones in the order in which they are named, then the selected ones.
func (g *gateway) refs(live Live) []Ref {
	var refs []Ref
	for _, need := range g.needs {
		if need.Selector == nil {
			refs = append(refs, need.Ref)
			continue
		}
		var selected []Ref
		for ref, object := range live {
			_, named := g.targets[ref]
			if !named && ref.GroupKind == need.GroupKind && ref.Namespace == need.Namespace && object != nil &&
				need.Selector.Matches(labels.Set(object.GetLabels())) {
				selected = append(selected, ref)
			}
		}
		slices.SortFunc(selected, func(a, b Ref) int { return cmp.Compare(a.Name, b.Name) })
		refs = append(refs, selected...)
	}
	return refs
}

// Validate says which route is missing, or has no rule for both Services.
func (g *gateway) Validate(live Live) error {
	var faults []error
	refs := g.refs(live)
	for _, ref := range refs {
		route, err := live.find(ref)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if _, err := g.read(ref, route.Object); err != nil {
			faults = append(faults, err)
		}
	}
	if len(refs) == 0 {
		faults = append(faults, errors.New("no route has the labels that the Rollout selects routes by"))
	}
	return errors.Join(faults...)
}

// Route sets the weights in all rules that have both Services, and adds and removes the Rollout's own rules.
func (g *gateway) Route(intent Intent, live Live) ([]Change, error) {
	if err := errors.Join(intent.check(), g.Validate(live)); err != nil {
		return nil, err
	}
	var changes []Change
	for _, ref := range g.refs(live) {
		route, err := live.find(ref)
		if err != nil {
			return nil, err
		}
		rules, err := g.read(ref, route.Object)
		if err != nil {
			return nil, err
		}
		all, err := rules.route(intent)
		if err != nil {
			return nil, fmt.Errorf("the %s: %w", ref, err)
		}
		object(route.Object, "spec")["rules"] = slice(all)
		g.mark(route, intent)
		changes = append(changes, live.update(ref, route)...)
	}
	return changes, nil
}
