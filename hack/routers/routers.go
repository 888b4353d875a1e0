// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package routers holds on to the versions of the Gateway API, of Istio and of APISIX whose CustomResourceDefinitions
// the end-to-end tests install. Nothing of them is built: a module of its own keeps what they require out of ours.
package routers

import (
	_ "github.com/apache/apisix-ingress-controller/pkg/version" // any package of the module
	_ "istio.io/api/label"                                      // any package of the module
	_ "sigs.k8s.io/gateway-api/pkg/consts"                      // any package of the module
)
