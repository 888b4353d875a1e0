// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RolloutTrafficRouting splits traffic by weight; every router that is set is driven.
type RolloutTrafficRouting struct {
	// Istio drives VirtualServices and DestinationRules of Istio.
	// +optional
	Istio *IstioTrafficRouting `json:"istio,omitempty"`
	// Nginx drives Ingresses of ingress-nginx.
	// +optional
	Nginx *NginxTrafficRouting `json:"nginx,omitempty"`
	// ALB drives Ingresses of the AWS Load Balancer Controller.
	// +optional
	ALB *ALBTrafficRouting `json:"alb,omitempty"`
	// SMI drives a TrafficSplit of the Service Mesh Interface.
	// +optional
	SMI *SMITrafficRouting `json:"smi,omitempty"`
	// Ambassador drives Mappings of Ambassador.
	// +optional
	Ambassador *AmbassadorTrafficRouting `json:"ambassador,omitempty"`
	// AppMesh drives a VirtualService of AWS App Mesh.
	// +optional
	AppMesh *AppMeshTrafficRouting `json:"appMesh,omitempty"`
	// Traefik drives a TraefikService.
	// +optional
	Traefik *TraefikTrafficRouting `json:"traefik,omitempty"`
	// ManagedRoutes are the routes that steps may add, in order of precedence.
	// +optional
	// +listType=atomic
	ManagedRoutes []ManagedRoute `json:"managedRoutes,omitzero"`
	// Apisix drives a route of APISIX.
	// +optional
	Apisix *ApisixTrafficRouting `json:"apisix,omitempty"`
	// Plugins is the configuration of router plugins, by the plugin's name.
	// +optional
	Plugins map[string]JSON `json:"plugins,omitzero"`
	// MaxTrafficWeight is the weight that means all traffic; absent is 100.
	// +optional
	MaxTrafficWeight *int32 `json:"maxTrafficWeight,omitempty"`
}

// ManagedRoute is a route that steps may add.
type ManagedRoute struct {
	// Name is the name of the route.
	// +required
	Name string `json:"name"`
}

// IstioTrafficRouting drives Istio.
type IstioTrafficRouting struct {
	// VirtualService is the VirtualService to drive.
	// +optional
	VirtualService *IstioVirtualService `json:"virtualService,omitempty"`
	// DestinationRule is the DestinationRule to drive, where the traffic is split by subset.
	// +optional
	DestinationRule *IstioDestinationRule `json:"destinationRule,omitempty"`
	// VirtualServices are several VirtualServices to drive.
	// +optional
	// +listType=atomic
	VirtualServices []IstioVirtualService `json:"virtualServices,omitzero"`
}

// IstioVirtualService is a VirtualService to drive.
type IstioVirtualService struct {
	// Name is the name of the VirtualService, with its namespace after a dot where that is another one.
	// +required
	Name string `json:"name"`
	// Routes are the names of the HTTP routes to drive; absent is the only one.
	// +optional
	// +listType=atomic
	Routes []string `json:"routes,omitzero"`
	// TLSRoutes are the TLS routes to drive; absent is the only one.
	// +optional
	// +listType=atomic
	TLSRoutes []TLSRoute `json:"tlsRoutes,omitzero"`
	// TCPRoutes are the TCP routes to drive; absent is the only one.
	// +optional
	// +listType=atomic
	TCPRoutes []TCPRoute `json:"tcpRoutes,omitzero"`
}

// TLSRoute selects TLS routes of a VirtualService.
type TLSRoute struct {
	// Port is the port of the route.
	// +optional
	Port *int64 `json:"port,omitempty"`
	// SNIHosts are the hosts of the route.
	// +optional
	// +listType=atomic
	SNIHosts []string `json:"sniHosts,omitzero"`
}

// TCPRoute selects TCP routes of a VirtualService.
type TCPRoute struct {
	// Port is the port of the route.
	// +optional
	Port *int64 `json:"port,omitempty"`
}

// IstioDestinationRule is a DestinationRule to drive.
type IstioDestinationRule struct {
	// Name is the name of the DestinationRule.
	// +required
	Name string `json:"name"`
	// CanarySubsetName is the name of the subset of new pods.
	// +required
	CanarySubsetName string `json:"canarySubsetName"`
	// StableSubsetName is the name of the subset of old pods.
	// +required
	StableSubsetName string `json:"stableSubsetName"`
	// AdditionalSubsetNames are the names of further subsets of the Rollout's pods.
	// +optional
	// +listType=atomic
	AdditionalSubsetNames []string `json:"additionalSubsetNames,omitzero"`
}

// NginxTrafficRouting drives ingress-nginx.
type NginxTrafficRouting struct {
	// AnnotationPrefix is the prefix of the controller's annotations; absent is nginx.ingress.kubernetes.io.
	// +optional
	AnnotationPrefix string `json:"annotationPrefix,omitempty"`
	// StableIngress is the name of the Ingress to drive.
	// +optional
	StableIngress string `json:"stableIngress,omitempty"`
	// StableIngresses are the names of several Ingresses to drive.
	// +optional
	// +listType=atomic
	StableIngresses []string `json:"stableIngresses,omitzero"`
	// AdditionalIngressAnnotations are put on the canary Ingress, with the prefix.
	// +optional
	AdditionalIngressAnnotations map[string]string `json:"additionalIngressAnnotations,omitzero"`
	// CanaryIngressAnnotations are put on the canary Ingress as they are.
	// +optional
	CanaryIngressAnnotations map[string]string `json:"canaryIngressAnnotations,omitzero"`
}

// ALBTrafficRouting drives the AWS Load Balancer Controller.
type ALBTrafficRouting struct {
	// Ingress is the name of the Ingress to drive.
	// +optional
	Ingress string `json:"ingress,omitempty"`
	// Ingresses are the names of several Ingresses to drive.
	// +optional
	// +listType=atomic
	Ingresses []string `json:"ingresses,omitzero"`
	// ServicePort is the port of the Services.
	// +required
	ServicePort *int32 `json:"servicePort,omitempty"`
	// RootService is the name of the Service that the Ingress routes to; absent is the stable Service.
	// +optional
	RootService string `json:"rootService,omitempty"`
	// AnnotationPrefix is the prefix of the controller's annotations; absent is alb.ingress.kubernetes.io.
	// +optional
	AnnotationPrefix string `json:"annotationPrefix,omitempty"`
	// StickinessConfig keeps clients at one target group.
	// +optional
	StickinessConfig *StickinessConfig `json:"stickinessConfig,omitempty"`
}

// StickinessConfig keeps clients at one target group.
type StickinessConfig struct {
	// Enabled turns it on.
	// +required
	Enabled *bool `json:"enabled,omitempty"`
	// DurationSeconds is how long a client stays, in seconds.
	// +required
	DurationSeconds *int64 `json:"durationSeconds,omitempty"`
}

// SMITrafficRouting drives a TrafficSplit.
type SMITrafficRouting struct {
	// RootService is the name of the Service that clients use; absent is the stable Service.
	// +optional
	RootService string `json:"rootService,omitempty"`
	// TrafficSplitName is the name of the TrafficSplit; absent is the name of the Rollout.
	// +optional
	TrafficSplitName string `json:"trafficSplitName,omitempty"`
}

// AmbassadorTrafficRouting drives Ambassador.
type AmbassadorTrafficRouting struct {
	// Mappings are the names of the Mappings to drive.
	// +required
	// +listType=atomic
	Mappings []string `json:"mappings,omitzero"`
}

// AppMeshTrafficRouting drives AWS App Mesh.
type AppMeshTrafficRouting struct {
	// VirtualService is the VirtualService to drive.
	// +optional
	VirtualService *AppMeshVirtualService `json:"virtualService,omitempty"`
	// VirtualNodeGroup names the nodes that routes send traffic to.
	// +optional
	VirtualNodeGroup *AppMeshVirtualNodeGroup `json:"virtualNodeGroup,omitempty"`
}

// AppMeshVirtualService is a VirtualService of App Mesh to drive.
type AppMeshVirtualService struct {
	// Name is the name of the VirtualService.
	// +required
	Name string `json:"name"`
	// Routes are the names of the HTTP routes to drive; absent is the only one.
	// +optional
	// +listType=atomic
	Routes []string `json:"routes,omitzero"`
}

// AppMeshVirtualNodeGroup names the nodes that routes send traffic to.
type AppMeshVirtualNodeGroup struct {
	// CanaryVirtualNodeRef is the node of the new pods.
	// +required
	CanaryVirtualNodeRef *AppMeshVirtualNodeReference `json:"canaryVirtualNodeRef,omitempty"`
	// StableVirtualNodeRef is the node of the old pods.
	// +required
	StableVirtualNodeRef *AppMeshVirtualNodeReference `json:"stableVirtualNodeRef,omitempty"`
}

// AppMeshVirtualNodeReference names a VirtualNode.
type AppMeshVirtualNodeReference struct {
	// Name is the name of the VirtualNode.
	// +required
	Name string `json:"name"`
}

// TraefikTrafficRouting drives Traefik.
type TraefikTrafficRouting struct {
	// WeightedTraefikServiceName is the name of the TraefikService to drive.
	// +required
	WeightedTraefikServiceName string `json:"weightedTraefikServiceName"`
}

// ApisixTrafficRouting drives APISIX.
type ApisixTrafficRouting struct {
	// Route is the ApisixRoute to drive.
	// +optional
	Route *ApisixRoute `json:"route,omitempty"`
}

// ApisixRoute is an ApisixRoute to drive.
type ApisixRoute struct {
	// Name is the name of the ApisixRoute.
	// +required
	Name string `json:"name"`
	// Rules are the names of the HTTP rules to drive; absent is the only one.
	// +optional
	// +listType=atomic
	Rules []string `json:"rules,omitzero"`
}
