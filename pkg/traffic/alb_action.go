// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"encoding/json"
	"fmt"
	"strconv"

	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// albAction is what a load balancer does with a request.
type albAction struct {
	Type          string
	ForwardConfig albForward
}

type albForward struct {
	TargetGroups                []albTargetGroup
	TargetGroupStickinessConfig *albStickiness `json:",omitempty"`
}

type albTargetGroup struct {
	ServiceName string
	ServicePort string
	Weight      int32
}

type albStickiness struct {
	Enabled         bool
	DurationSeconds int64
}

// action returns the action that sends traffic to the canary, to the Services of an Experiment and to the stable pods.
func (a *alb) action(canary Destination, additional []Destination, stable *Destination) string {
	port := strconv.Itoa(int(*a.spec.ServicePort))
	forward := albForward{TargetGroups: []albTargetGroup{{a.canary, port, canary.Weight}}}
	for _, destination := range additional {
		forward.TargetGroups = append(forward.TargetGroups,
			albTargetGroup{destination.Service, port, destination.Weight})
	}
	if stable != nil {
		forward.TargetGroups = append(forward.TargetGroups, albTargetGroup{a.stable, port, stable.Weight})
	}
	if sticky := a.spec.StickinessConfig; sticky != nil && ptr.Deref(sticky.Enabled, false) {
		forward.TargetGroupStickinessConfig = &albStickiness{true, ptr.Deref(sticky.DurationSeconds, 0)}
	}
	return compact(albAction{Type: "forward", ForwardConfig: forward})
}

// albHeader is a header that a request must have.
type albHeader struct {
	Field            string          `json:"field"`
	HTTPHeaderConfig albHeaderValues `json:"httpHeaderConfig"`
}

type albHeaderValues struct {
	HTTPHeaderName string   `json:"httpHeaderName"`
	Values         []string `json:"values"`
}

// albCondition returns the condition that a request has to fulfil for a header route. Values of the same header are
// alternatives.
func albCondition(route *v1alpha1.SetHeaderRoute) (string, error) {
	var headers []albHeader
	index := map[string]int{}
	for _, match := range route.Match {
		if match.HeaderValue == nil || match.HeaderValue.Exact == "" {
			return "", fmt.Errorf("the header route %q: a load balancer matches the header %s as a whole: set exact",
				route.Name, match.HeaderName)
		}
		at, found := index[match.HeaderName]
		if !found {
			at = len(headers)
			index[match.HeaderName] = at
			headers = append(headers, albHeader{
				Field: "http-header", HTTPHeaderConfig: albHeaderValues{HTTPHeaderName: match.HeaderName},
			})
		}
		config := &headers[at].HTTPHeaderConfig
		config.Values = append(config.Values, match.HeaderValue.Exact)
	}
	return compact(headers), nil
}

// compact writes a value as JSON; those that are written here always can be.
func compact(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(written)
}
