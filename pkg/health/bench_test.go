// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import "testing"

func BenchmarkAssess(b *testing.B) {
	rules := newRules(b)
	for name, text := range map[string]string{"Deployment": deployment, "CronJob": cronJob} {
		object := decode(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rules.Assess(object); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewRules(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newRules(b)
	}
}
