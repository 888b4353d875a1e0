// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	newRelicSecret = "newrelic"
	// defaultNewRelicTimeout is how many seconds a query may take that says nothing of it.
	defaultNewRelicTimeout = 5
	// aroundQuery is how much longer than a query its request may take.
	aroundQuery = 10 * time.Second
	nrqlQuery   = "query($accountId: Int!, $query: Nrql!, $timeout: Seconds) " +
		"{ actor { account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }"
)

// NewRelic asks New Relic by NRQL (as Argo Rollouts 1.9: metricproviders/newrelic).
type NewRelic struct {
	Network  Network
	Accounts Accounts
}

// Measure asks the query of a metric. Its result is an object of names and values, or a list of such objects.
func (n NewRelic) Measure(ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.NewRelic
	known, err := n.Accounts.find(ctx, run, cmp.Or(asked.Profile, newRelicSecret), newRelicSecret)
	if err == nil {
		err = known.need("personal-api-key", "account-id")
	}
	if err != nil {
		return failed(err)
	}
	return known.hide(n.measure(ctx, metric, known), "personal-api-key")
}

func (n NewRelic) measure(ctx context.Context, metric v1alpha1.Metric, account account) v1alpha1.Measurement {
	asked := metric.Provider.NewRelic
	id, err := strconv.Atoi(account["account-id"])
	if err != nil {
		return failed(errors.New("the account-id of the Secret with the account is no number"))
	}
	timeout := int64(defaultNewRelicTimeout)
	if asked.Timeout != nil {
		timeout = min(*asked.Timeout, int64(longestTimeout/time.Second))
	}
	if timeout < 0 {
		return failed(errors.New("newRelic.timeout must not be negative"))
	}
	address, err := nerdGraph(account)
	if err != nil {
		return failed(err)
	}
	var answer struct {
		Actor struct {
			Account struct {
				NRQL struct{ Results []map[string]any }
			}
		}
	}
	client := n.Network.client(false, true, time.Duration(timeout)*time.Second+aroundQuery)
	header := http.Header{"Api-Key": {account["personal-api-key"]}}
	err = askGraph(ctx, client, address, header, graphQuery{nrqlQuery, map[string]any{
		"accountId": id, "query": asked.Query, "timeout": timeout,
	}}, &answer)
	if err != nil {
		return failed(err)
	}
	return judgedRows(metric, answer.Actor.Account.NRQL.Results)
}

// nerdGraph is where an account is asked: its region's API, or the proxy that it names.
func nerdGraph(account account) (string, error) {
	if address := account["base-url-nerdgraph"]; address != "" {
		return base("the base-url-nerdgraph of the Secret with the account", address)
	}
	switch strings.ToLower(cmp.Or(account["region"], "us")) {
	case "us":
		return "https://api.newrelic.com/graphql", nil
	case "eu":
		return "https://api.eu.newrelic.com/graphql", nil
	case "staging":
		return "https://staging-api.newrelic.com/graphql", nil
	default:
		return "", errors.New("the region of the Secret with the account is none of us, eu and staging")
	}
}

// judgedRows judges one row as an object and several as a list.
func judgedRows(metric v1alpha1.Metric, rows []map[string]any) v1alpha1.Measurement {
	var result any = rows
	if len(rows) == 1 {
		result = rows[0]
	}
	if len(rows) == 0 || len(rows) == 1 && len(rows[0]) == 0 {
		return failed(errors.New("no results returned from NRQL query"))
	}
	return judgedJSON(metric, result)
}
