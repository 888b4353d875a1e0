// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import "strings"

// airlockHealth rates the policies of Airlock Microgateway by the gateways that they attach to;
// its other kinds report nothing and are healthy.
func airlockHealth(f *fields) Health {
	kind := f.text("kind")
	if !strings.HasSuffix(kind, "Policy") {
		return Health{Healthy, kind + " is healthy"}
	}
	ancestors := f.list("status", "ancestors")
	generation, hasGeneration := f.optionalNumber("metadata", "generation")
	for _, ancestor := range ancestors {
		for _, entry := range f.listIn(ancestor, "conditions") {
			observed, found := f.numberIn(entry, "observedGeneration")
			if hasGeneration && (!found || observed != generation) {
				name := f.textIn(ancestor, "ancestorRef", "name")
				return Health{Progressing, "Waiting for Ancestor " + name + " to update " + kind + " status"}
			}
		}
	}
	health := Health{Progressing, "Waiting for " + kind + " status"}
	for _, ancestor := range ancestors {
		found, decided := ancestorHealth(f, kind, ancestor)
		if decided {
			return found
		}
		health = found
	}
	return health
}

// ancestorHealth is what one gateway says, and whether that decides for the policy.
func ancestorHealth(f *fields, kind string, ancestor map[string]any) (Health, bool) {
	prefix := "Ancestor " + f.textIn(ancestor, "ancestorRef", "name") + ": "
	accepted := false
	for _, entry := range f.listIn(ancestor, "conditions") {
		aspect := f.textIn(entry, "type")
		if aspect != "Accepted" && aspect != "ResolvedRefs" {
			continue
		}
		if f.textIn(entry, "status") != "True" {
			return Health{Degraded, prefix + f.textIn(entry, "message")}, true
		}
		accepted = accepted || aspect == "Accepted"
	}
	if !accepted {
		return Health{Degraded, prefix + kind + " is not accepted"}, false
	}
	return Health{Healthy, kind + " is healthy"}, false
}
