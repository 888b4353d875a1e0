// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/openapi"
	openapicommon "k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

const (
	specTitle    = "Capstan"
	gvkExtension = "x-kubernetes-group-version-kind"
)

// SetOpenAPI sets both specifications of a configuration. The scheme must know the served versions alone: a hub
// version would appear as a further kind of every model.
func SetOpenAPI(
	c *genericapiserver.Config, definitions openapicommon.GetOpenAPIDefinitions, versioned *runtime.Scheme,
) {
	definitions = openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(definitions)
	namer := openapinamer.NewDefinitionNamer(versioned)

	c.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, namer)
	c.OpenAPIConfig.Info.Title = specTitle
	c.OpenAPIConfig.PostProcessSpec = withoutStrategicMergeV2

	c.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, namer)
	c.OpenAPIV3Config.Info.Title = specTitle
	c.OpenAPIV3Config.PostProcessSpec = withoutStrategicMergeV3
}

func withoutStrategicMergeV2(swagger *spec.Swagger) (*spec.Swagger, error) {
	if swagger.Paths == nil {
		return swagger, nil
	}
	opaque := opaqueKindNames()
	for _, item := range swagger.Paths.Paths {
		if item.Patch != nil && actsOn(item.Patch.Extensions, opaque) {
			item.Patch.Consumes = slices.DeleteFunc(slices.Clone(item.Patch.Consumes),
				func(mediaType string) bool { return mediaType == string(types.StrategicMergePatchType) })
		}
	}
	return swagger, nil
}

func withoutStrategicMergeV3(document *spec3.OpenAPI) (*spec3.OpenAPI, error) {
	if document.Paths == nil {
		return document, nil
	}
	opaque := opaqueKindNames()
	for _, item := range document.Paths.Paths {
		if item.Patch != nil && item.Patch.RequestBody != nil && actsOn(item.Patch.Extensions, opaque) {
			delete(item.Patch.RequestBody.Content, string(types.StrategicMergePatchType))
		}
	}
	return document, nil
}

func opaqueKindNames() sets.Set[string] {
	names := sets.New[string]()
	for _, kind := range opaqueKinds() {
		names.Insert(kind)
	}
	return names
}

// actsOn tells whether an operation's object is of one of the kinds in Argo's group.
func actsOn(extensions spec.Extensions, kinds sets.Set[string]) bool {
	var gvk metav1.GroupVersionKind
	if err := extensions.GetObject(gvkExtension, &gvk); err != nil {
		return false
	}
	return gvk.Group == argoGroup && kinds.Has(gvk.Kind)
}
