// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// build fills a template with one element's parameters.
func build(set *v1alpha1.ApplicationSet, text *text, template tree, params tree) (*v1alpha1.Application, error) {
	text.begin()
	filled, err := text.fill("spec.template", template, params)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(filled)
	if err != nil {
		return nil, fmt.Errorf("spec.template: %w", err)
	}
	app, err := decode(encoded)
	if err != nil {
		return nil, fmt.Errorf("spec.template: %w", err)
	}
	if len(app.Finalizers) == 0 && !preserves(set) {
		app.Finalizers = []string{v1alpha1.ResourcesFinalizerName}
	}
	if set.Spec.TemplatePatch == nil {
		return app, nil
	}
	patch, err := text.expand(*set.Spec.TemplatePatch, params)
	if err != nil {
		return nil, fmt.Errorf("spec.templatePatch: %w", err)
	}
	if app, err = patched(app, patch); err != nil {
		return nil, fmt.Errorf("spec.templatePatch: %w", err)
	}
	return app, nil
}

// preserves reports whether the Applications leave their objects behind.
func preserves(set *v1alpha1.ApplicationSet) bool {
	return set.Spec.SyncPolicy != nil && isTrue(set.Spec.SyncPolicy.PreserveResourcesOnDeletion)
}

// decode reads what a template may say of an Application: a part of the metadata, and the spec.
func decode(text []byte) (*v1alpha1.Application, error) {
	var read v1alpha1.Application
	if err := json.Unmarshal(text, &read); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s: a %s is no %s", wrong.Field, wrong.Value, wrong.Type)
		}
		return nil, err
	}
	if read.Operation != nil {
		return nil, errors.New("operation: a template cannot start a sync; set spec.syncPolicy.automated instead")
	}
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{
			Name: read.Name, Namespace: read.Namespace,
			Labels: read.Labels, Annotations: read.Annotations, Finalizers: read.Finalizers,
		},
		Spec: read.Spec,
	}, nil
}
