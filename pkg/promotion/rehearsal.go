// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import "context"

type rehearsalKey struct{}

// Rehearsed marks a dry run: what the gate decides there is answered, and counted nowhere.
func Rehearsed(ctx context.Context) context.Context {
	return context.WithValue(ctx, rehearsalKey{}, true)
}

// rehearsal reports a dry run.
func rehearsal(ctx context.Context) bool {
	marked, _ := ctx.Value(rehearsalKey{}).(bool)
	return marked
}
