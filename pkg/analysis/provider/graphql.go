// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// graphQuery is a query of GraphQL and the values of its variables.
type graphQuery struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// askGraph decodes the data that answers a query. An error that the server tells of is one, whatever comes with it.
func askGraph(
	ctx context.Context, client *http.Client, address string, header http.Header, query graphQuery, into any,
) error {
	request, err := post(ctx, address, query)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	answer := struct {
		Data   any
		Errors []struct{ Message string }
	}{Data: into}
	if err := askJSON(client, request, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("graphql: %s", answer.Errors[0].Message)
	}
	if answer.Data == nil {
		return errors.New("graphql: the answer has no data")
	}
	return nil
}
