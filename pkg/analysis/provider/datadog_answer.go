// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// mostGroups is how many groups the metadata of a measurement names. The result has all.
const mostGroups = 20

// datadogV1 judges the last sample of the first series.
func datadogV1(client *http.Client, request *http.Request, metric v1alpha1.Metric) v1alpha1.Measurement {
	var answer struct {
		Error  string
		Series []struct {
			Pointlist [][]*float64
		}
	}
	if err := askJSON(client, request, &answer); err != nil {
		return failed(err)
	}
	if answer.Error != "" {
		return failed(fmt.Errorf("the query failed: %s", answer.Error))
	}
	if len(answer.Series) == 0 || len(answer.Series[0].Pointlist) == 0 {
		return judged(metric, "[]", nil)
	}
	points := answer.Series[0].Pointlist
	last := points[len(points)-1]
	switch {
	case len(last) != 2:
		return failed(errors.New("a data point of the answer is no pair of a time and a number"))
	case last[1] == nil:
		return judged(metric, "[]", nil)
	default:
		return judged(metric, decimal(*last[1]), *last[1])
	}
}

// datadogColumn is numbers, or the values of one tag of the groups that the numbers are of.
type datadogColumn struct {
	Type   string
	Values []json.RawMessage
}

// datadogV2 judges the number of a query, or the list of numbers of one that groups.
func datadogV2(client *http.Client, request *http.Request, metric v1alpha1.Metric) v1alpha1.Measurement {
	var answer struct {
		Data struct {
			Attributes struct{ Columns []datadogColumn }
		}
		Errors string
	}
	if err := askJSON(client, request, &answer); err != nil {
		return failed(err)
	}
	if answer.Errors != "" {
		return failed(fmt.Errorf("the query failed: %s", answer.Errors))
	}
	var tags []datadogColumn
	numbers := datadogColumn{}
	for _, column := range slices.Backward(answer.Data.Attributes.Columns) {
		if column.Type == "group" {
			tags = append([]datadogColumn{column}, tags...)
		} else {
			numbers = column
		}
	}
	groups, err := datadogGroups(numbers, tags)
	switch {
	case err != nil:
		return failed(err)
	case len(groups) == 0:
		return judged(metric, "[]", nil)
	case len(tags) == 0:
		return judged(metric, decimal(groups[0].Value), groups[0].Value)
	default:
		return judgedGroups(metric, groups)
	}
}

// datadogGroup is a number and what it is of.
type datadogGroup struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// datadogGroups returns the numbers that are there. One that cannot be read is an error: the rest is not the result.
func datadogGroups(numbers datadogColumn, tags []datadogColumn) ([]datadogGroup, error) {
	var groups []datadogGroup
	for row, text := range numbers.Values {
		var number *float64
		if err := json.Unmarshal(text, &number); err != nil {
			return nil, fmt.Errorf("read a number of the answer: %w", err)
		}
		if number == nil {
			continue
		}
		var names []string
		for _, tag := range tags {
			var values []string
			if row >= len(tag.Values) || json.Unmarshal(tag.Values[row], &values) != nil {
				return nil, fmt.Errorf("could not parse group label at index %d", row)
			}
			names = append(names, values...)
		}
		groups = append(groups, datadogGroup{strings.Join(names, ","), *number})
	}
	return groups, nil
}

func judgedGroups(metric v1alpha1.Metric, groups []datadogGroup) v1alpha1.Measurement {
	numbers, texts := make([]float64, 0, len(groups)), make([]string, 0, len(groups))
	for _, group := range groups {
		numbers, texts = append(numbers, group.Value), append(texts, decimal(group.Value))
	}
	measured := judged(metric, "["+strings.Join(texts, ",")+"]", numbers)
	measured.Metadata = map[string]string{}
	if len(groups) > mostGroups {
		// Which end is the bad one, the condition alone knows.
		slices.SortStableFunc(groups, func(a, b datadogGroup) int { return cmp.Compare(a.Value, b.Value) })
		groups = append(groups[:mostGroups/2:mostGroups/2], groups[len(groups)-mostGroups/2:]...)
		measured.Metadata["groups_truncated"] = "true"
	}
	shown, err := json.Marshal(groups)
	if err != nil {
		return failed(fmt.Errorf("encode the groups: %w", err))
	}
	measured.Metadata["groups"] = string(shown)
	return measured
}

// decimal writes a number without an exponent.
func decimal(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }
