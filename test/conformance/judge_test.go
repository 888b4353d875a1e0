// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/test/harness/peer"
)

// outcome is how what the server does with an object stands to the peer's verdict.
type outcome string

const (
	kept    outcome = "kept as by the peer's schema"
	pruned  outcome = "kept but for fields that the peer's schema does not have, with a warning that names each"
	lenient outcome = "kept as sent, though the peer's schema rejects what is left out of it or has no meaning"
	refused outcome = "refused as by the peer's schema, with an error that names the field"
)

// judge holds what the server does with an object against the peer's verdict, and says what is wrong with it.
//
// What the peer accepts has to be kept as the peer keeps it. What it rejects has to be refused by an error that names
// the field; or kept exactly as it was sent, for a reconciler to say what is wrong with it.
func judge(kind *peer.Kind, verdict peer.Verdict, got answer) (outcome, []string) {
	var wrong []string
	if got.err != nil {
		switch {
		case len(verdict.Problems) == 0:
			wrong = append(wrong, fmt.Sprintf("the peer accepts it, and it is refused with %d: %v", got.code, got.err))
		case !got.refused() || !names(got.err, verdict.Problems):
			wrong = append(wrong, fmt.Sprintf("the error with %d names no field at fault: %v\n%v",
				got.code, got.err, verdict.Problems.ToAggregate()))
		}
		return refused, wrong
	}
	if diff := cmp.Diff(verdict.Pruned, got.warned, cmpopts.EquateEmpty()); diff != "" {
		wrong = append(wrong, fmt.Sprintf("warnings of unknown fields (-peer +capstan):\n%s", diff))
	}
	wrong = append(wrong, differences(kind, verdict.Stored, got.object.Object)...)
	switch {
	case len(verdict.Problems) > 0:
		return lenient, wrong
	case len(verdict.Pruned) > 0:
		return pruned, wrong
	default:
		return kept, wrong
	}
}

// ofWrongType says that a value is none of the type in the peer's schema.
func ofWrongType(problems field.ErrorList) bool {
	for _, problem := range problems {
		if problem.Type == field.ErrorTypeTypeInvalid {
			return true
		}
	}
	return false
}

// names says that an error names one of the fields at fault, or the map or list that holds the value.
func names(err error, problems field.ErrorList) bool {
	for _, problem := range problems {
		text := problem.Field
		// The peer puts the field of a number that is too large in the text alone.
		if found := regexp.MustCompile(` in (\S+)$`).FindStringSubmatch(problem.Detail); found != nil {
			text = found[1]
		}
		path := strings.Split(regexp.MustCompile(`\[\d+\]`).ReplaceAllString(text, ""), ".")
		for _, name := range path[max(0, len(path)-2):] {
			if name != "" && strings.Contains(err.Error(), name) {
				return true
			}
		}
	}
	return false
}
