// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// SpecDigest returns the SHA-256 of what in a spec decides what is applied, and where: all but when it is synced, how
// it is tried again, what is there for people and how much history is kept. It is empty where the spec cannot be
// encoded.
func SpecDigest(spec argo.ApplicationSpec) string {
	// What is left out is named, rather than what is taken in, so that a new field counts.
	spec.Info, spec.RevisionHistoryLimit = nil, nil
	spec.Project = project(spec.Project)
	if spec.SyncPolicy != nil {
		policy := *spec.SyncPolicy
		policy.Automated, policy.Retry = nil, nil
		spec.SyncPolicy = &policy
		if len(policy.SyncOptions) == 0 && policy.ManagedNamespaceMetadata == nil {
			spec.SyncPolicy = nil
		}
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// PlanDigest returns the SHA-256 of a Plan's spec as canonical JSON: sorted keys, no spaces. It is empty where the spec
// cannot be encoded.
func PlanDigest(spec capstan.PlanSpec) string {
	text, err := canonical(spec)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// canonical encodes a value with its keys sorted, whatever the order of the fields of its type.
func canonical(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var fields any
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}
