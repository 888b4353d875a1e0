// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Command models-schema prints the generated OpenAPI models as one OpenAPI v2 document, from which the
// apply configurations learn how lists and maps merge.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"github.com/capstan-dev/capstan/pkg/generated/openapi"
)

func main() {
	if err := json.NewEncoder(os.Stdout).Encode(document()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func document() *spec.Swagger {
	models := openapi.GetOpenAPIDefinitions(func(name string) spec.Ref {
		return spec.MustCreateRef("#/definitions/" + name)
	})
	definitions := make(spec.Definitions, len(models))
	for name, model := range models {
		definitions[name] = model.Schema
		// A model that differs between the versions carries its v2 form as an extension.
		if v2, ok := model.Schema.Extensions[common.ExtensionV2Schema].(spec.Schema); ok {
			definitions[name] = v2
		}
	}
	return &spec.Swagger{SwaggerProps: spec.SwaggerProps{
		Swagger:     "2.0",
		Info:        &spec.Info{InfoProps: spec.InfoProps{Title: "Capstan", Version: "unversioned"}},
		Definitions: definitions,
	}}
}
