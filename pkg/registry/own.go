// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

type ownKey struct{}

// WithOwn marks a request as the server's own. Only who saw the server's own credential may do that: a name can be
// impersonated.
func WithOwn(ctx context.Context) context.Context { return context.WithValue(ctx, ownKey{}, true) }

// IsOwn reports that a request is the server's own.
func IsOwn(ctx context.Context) bool {
	own, _ := ctx.Value(ownKey{}).(bool)
	return own
}

// Client is who makes a request, as authenticated; who is not known has no name, and no right.
func Client(ctx context.Context) user.Info {
	if who, known := genericapirequest.UserFrom(ctx); known {
		return who
	}
	return &user.DefaultInfo{}
}

// OnlyOwn refuses a record from anybody but the server itself, whatever their rights, and says what to do instead.
func OnlyOwn(ctx context.Context, instead string) field.ErrorList {
	if IsOwn(ctx) {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("spec"), "the server alone writes it; "+instead)}
}
