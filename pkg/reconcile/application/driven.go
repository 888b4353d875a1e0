// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// drivenBy returns the rules for the objects whose fields the Rollouts among some manifests drive: Services, and what
// traffic routers read.
func drivenBy(manifests []manifest.Manifest) difference.Rules {
	drivers := rolloutsOf(manifests)
	if len(drivers) == 0 {
		return nil
	}
	var rules difference.Rules
	for _, m := range manifests {
		if isRollout(m.GroupKind()) {
			continue
		}
		object, err := m.Object()
		if err != nil {
			continue
		}
		for _, driver := range drivers {
			if rule, drives := driver.rule(m.Key, object); drives {
				rules = append(rules, rule)
			}
		}
	}
	return rules
}

// driver is a Rollout with what tells its specification from another.
type driver struct {
	rollout *v1alpha1.Rollout
	digest  manifest.Digest
}

// rolloutsOf reads the Rollouts among manifests. One that cannot be read drives nothing: the server would refuse it.
func rolloutsOf(manifests []manifest.Manifest) []driver {
	var drivers []driver
	for _, m := range manifests {
		if !isRollout(m.GroupKind()) {
			continue
		}
		read := &v1alpha1.Rollout{}
		if json.Unmarshal(m.JSON, read) != nil {
			continue
		}
		// The pods are nothing to what is driven: another image is no other rule.
		read.Spec.Template = v1alpha1.PodTemplateSpec{}
		if spec, err := json.Marshal(read.Spec); err == nil {
			drivers = append(drivers, driver{read, manifest.DigestOf(slices.Concat([]byte(m.String()), spec))})
		}
	}
	return drivers
}

func isRollout(kind schema.GroupKind) bool {
	return kind == schema.GroupKind{Group: v1alpha1.GroupName, Kind: "Rollout"}
}

// rule returns the rule for an object, none where the Rollout drives nothing of it.
func (d driver) rule(key manifest.Key, object *unstructured.Unstructured) (difference.Rule, bool) {
	keep := rollout.KeepOf(d.rollout, object)
	if keep == nil {
		return difference.Rule{}, false
	}
	rule, err := difference.Driven(key, keep, d.digest)
	return rule, err == nil
}
