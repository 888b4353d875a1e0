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
const maxEditors = 100

// Writer is who makes a request, as authenticated. Where the server itself writes for those who edited something, that
// is who it says: the last of them, and all whose edit is later than what is noted before.
func Writer(ctx context.Context, behalf, before []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	now := metav1.Now().Rfc3339Copy()
	if last := len(behalf) - 1; IsOwn(ctx) && last >= 0 {
		writers := append(unnoted(behalf[:last], before), behalf[last])
		for i := range writers {
			writers[i].At = now
		}
		return writers
	}
	who, known := genericapirequest.UserFrom(ctx)
	if !known {
		return nil
	}
	return []v1alpha1.SpecEditor{{Username: who.GetName(), UID: who.GetUID(), At: now}}
}

// Deleted adds who deletes something to those who wrote its spec. The server deletes for those who are noted already.
func Deleted(ctx context.Context, before []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	if IsOwn(ctx) {
		return before
	}
	return Edited(before, Writer(ctx, nil, nil))
}

// Vouched adds those for whom the server writes something else than a spec to those who wrote it, unless they are
// noted.
func Vouched(ctx context.Context, behalf, before []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	news := unnoted(behalf, before)
	if !IsOwn(ctx) || len(news) == 0 {
		return before
	}
	return Edited(before, Writer(ctx, news, before))
}

// unnoted are those whose edits are later than what is noted of them before.
func unnoted(edits, before []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	return slices.DeleteFunc(slices.Clone(edits), func(editor v1alpha1.SpecEditor) bool {
		return slices.ContainsFunc(before, func(noted v1alpha1.SpecEditor) bool {
			return isSame(noted, editor) && !noted.At.Before(&editor.At)
		})
	})
}

// Edited adds who writes a spec now to those who wrote it before. Each is named once, the last one last. Where they are
// more than are remembered, one without a name stands first, for the ones left out.
func Edited(before, now []v1alpha1.SpecEditor) []v1alpha1.SpecEditor {
	edited := slices.DeleteFunc(slices.Clone(before), func(editor v1alpha1.SpecEditor) bool {
		return slices.ContainsFunc(now, func(writer v1alpha1.SpecEditor) bool { return isSame(writer, editor) })
	})
	edited = append(edited, now...)
	if len(edited) <= maxEditors {
		return edited
	}
	first := len(edited) - maxEditors
	edited[first] = v1alpha1.SpecEditor{At: edited[first].At}
	return edited[first:]
}

func isSame(a, b v1alpha1.SpecEditor) bool { return a.Username == b.Username && a.UID == b.UID }
