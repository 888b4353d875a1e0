// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"

	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// Permit fails where the client of a request may not do what is asked, with what that needs and why it is refused.
func Permit(
	ctx context.Context, decide authorizer.UnconditionalAuthorizer, asked authorizer.AttributesRecord, needs string,
) error {
	asked.User, _ = genericapirequest.UserFrom(ctx)
	asked.ResourceRequest = true
	decision, reason, err := decide.Authorize(ctx, asked)
	if err == nil && decision == authorizer.DecisionAllow {
		return nil
	}
	if reason != "" {
		needs += ": " + reason
	}
	if err != nil {
		needs += ": the authorizer could not tell"
	}
	return errors.New(needs)
}
