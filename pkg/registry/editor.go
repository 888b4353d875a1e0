// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// maxEditors bounds how many people are remembered to have written a spec.
const maxEditors = 20

// Writer is who makes a request, as authenticated. Where the server itself writes for somebody, that is who it says.
func Writer(ctx context.Context, behalf []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	now := metav1.Now().Rfc3339Copy()
	if IsOwn(ctx) && len(behalf) > 0 {
		last := behalf[len(behalf)-1]
		return []v1alpha1.SpecEditor{{Username: last.Username, UID: last.UID, At: now}}
	}
	who, known := genericapirequest.UserFrom(ctx)
	if !known {
		return nil
	}
	return []v1alpha1.SpecEditor{{Username: who.GetName(), UID: who.GetUID(), At: now}}
}

// Edited adds who writes a spec now to those who wrote it before. Each is named once, the last one last.
func Edited(before, now []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	edited := slices.DeleteFunc(slices.Clone(before), func(editor v1alpha1.SpecEditor) bool {
		return slices.ContainsFunc(now, func(writer v1alpha1.SpecEditor) bool {
			return writer.Username == editor.Username && writer.UID == editor.UID
		})
	})
	edited = append(edited, now...)
	return edited[max(0, len(edited)-maxEditors):]
}
