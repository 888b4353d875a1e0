// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package peer judges objects as a Kubernetes API server with the CustomResourceDefinitions of Argo CD and Argo
// Rollouts does, and lends the manifests that they publish. Tests hold Capstan to both.
package peer

import (
	"fmt"
	"slices"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Verdict is what an API server with the peer's CustomResourceDefinition makes of an object that is created.
type Verdict struct {
	// Stored is the object as it is stored, but for what the server sets.
	Stored map[string]any
	// Pruned are the paths of unknown fields, each of which draws a warning and is not stored.
	Pruned []string
	// Problems say why the object is rejected; none where it is accepted.
	Problems field.ErrorList
}

// Judge goes through the steps of k8s.io/apiextensions-apiserver: unknown fields and nulls are dropped, and the rest is
// validated. The object is left as it is.
func (k *Kind) Judge(object map[string]any) Verdict {
	stored := runtime.DeepCopyJSON(object)
	options := objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true}
	_, _, unknown, err := objectmeta.GetObjectMetaWithOptions(stored, options)
	pruned := append(unknown, pruning.PruneWithOptions(stored, k.structural, true,
		structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	slices.Sort(pruned)
	defaulting.PruneNonNullableNullsWithoutDefaults(stored, k.structural)
	verdict := Verdict{Stored: stored, Pruned: pruned}
	if err != nil {
		verdict.Problems = append(verdict.Problems,
			field.Invalid(field.NewPath("metadata"), fmt.Sprint(object["metadata"]), err.Error()))
	}
	verdict.Problems = append(verdict.Problems, validation.ValidateCustomResource(nil, stored, k.validator)...)
	verdict.Problems = append(verdict.Problems, listtype.ValidateListSetsAndMaps(nil, k.structural, stored)...)
	return verdict
}
