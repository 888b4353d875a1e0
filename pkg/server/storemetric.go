// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import "github.com/prometheus/client_golang/prometheus"

// newStoreServedGauge returns the metric that shows whether a guard lets requests through.
func newStoreServedGauge(guard *storeGuard) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "capstan_store_served",
		Help: "1 while the store is the one that the host cluster remembers, 0 while requests are refused.",
	}, func() float64 {
		if guard.Refusal() != nil {
			return 0
		}
		return 1
	})
}
