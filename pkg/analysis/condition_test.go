// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"math"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	const success, failure = v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed
	const inconclusive, broken = v1alpha1.AnalysisPhaseInconclusive, v1alpha1.AnalysisPhaseError
	cases := map[string]struct {
		success, failure string
		result           any
		want             v1alpha1.AnalysisPhase
		message          string
	}{
		"none is a success":                      {want: success, result: 1.0},
		"success that holds":                     {success: "result[0] >= 0.95", result: []float64{0.97}, want: success},
		"success that does not hold":             {success: "result[0] >= 0.95", result: []float64{0.5}, want: failure},
		"failure that holds":                     {failure: "result > 5", result: 6.0, want: failure},
		"failure that does not hold":             {failure: "result > 5", result: 5.0, want: success},
		"both hold: the failure decides":         {success: "true", failure: "true", want: failure},
		"neither holds":                          {success: "result > 5", failure: "result < 3", result: 4.0, want: inconclusive},
		"success of two holds":                   {success: "result > 5", failure: "result < 3", result: 6.0, want: success},
		"a loop over the result":                 {success: "all(result, # > 1)", result: []float64{2, 3}, want: success},
		"a loop with conditions":                 {success: "count(result, {# > 1 && # < 5}) == 1", result: []float64{2, 9}, want: success},
		"a field":                                {success: `result.data.ok && result.code == "200"`, result: map[string]any{"code": "200", "data": map[string]any{"ok": true}}, want: success},
		"asInt of a text":                        {success: "asInt(result) == 5", result: "5", want: success},
		"asInt of a number of JSON":              {success: "asInt(result) == 5", result: 5.7, want: success},
		"asFloat of a text":                      {success: "asFloat(result) > 0.5", result: "0.7", want: success},
		"isNaN":                                  {success: "isNaN(result)", result: math.NaN(), want: success},
		"isInf":                                  {success: "isInf(result)", result: math.Inf(-1), want: success},
		"isNil":                                  {success: "isNil(result)", result: nil, want: success},
		"default of nothing":                     {success: "default(result, 0) == 0", result: nil, want: success},
		"default of something":                   {success: "default(result, 0) == 7", result: 7, want: success},
		"a text that is no number":               {success: "asInt(result) == 5", result: "five", want: broken, message: `parsing "five": invalid syntax`},
		"an empty result":                        {success: "result[0] > 1", result: []float64{}, want: broken, message: "successCondition: the measured result is empty"},
		"no condition at all":                    {success: "result + 1", result: 1.0, want: broken, message: "the condition is neither true nor false"},
		"an unknown name":                        {failure: "results > 1", result: 1.0, want: broken, message: "failureCondition: unknown name results"},
		"no expression":                          {success: "result >", result: 1.0, want: broken, message: "unexpected token"},
		"functions of texts":                     {success: `replace(result, "%", "") == "5" && join(["a", "b"], "-") + upper("c") == "a-bC" && join(split("a b", " ")) == "ab"`, result: "5%", want: success},
		"functions of lists":                     {success: `len(map(sort(result), # * 2)) == 2 && sum(filter(result, # > 1)) == 3.0 && (1..3)[0] == 1`, result: []float64{3, 1}, want: success},
		"the pulse cannot be called by its name": {success: "the pulse()", want: broken, message: "unexpected token Identifier"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			phase, err := Judge(v1alpha1.Metric{SuccessCondition: tc.success, FailureCondition: tc.failure}, tc.result)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if phase != tc.want || !strings.Contains(message, tc.message) || (message == "") != (tc.message == "") {
				t.Errorf("%s %q, want %s %q", phase, message, tc.want, tc.message)
			}
		})
	}
}

func TestConditionsEnd(t *testing.T) {
	t.Parallel()
	doubled, nested := "let a = 'x';", "let a = [1, 1];"
	for range 60 {
		doubled += "let a" + last(doubled) + " = " + last(doubled) + " + " + last(doubled) + ";"
		nested += "let a" + last(nested) + " = [" + last(nested) + ", " + last(nested) + "];"
	}
	cases := map[string]string{
		"loops in loops":                   "all(1..9000, {all(1..9000, {all(1..90, {true})})})",
		"loops over the result":            "all(1..9000, {let a = #; all(result, # != a)}) && all(1..900000, {all(result, # == 0)})",
		"a list that grows":                "len(map(1..900000, {1..#})) > 0",
		"lists of the result":              "len(map(1..900000, {result})) > 0",
		"copies of the result":             "len(map(1..900000, {reverse(result)})) > 0",
		"a text that grows":                "len(repeat(repeat('x', 900000), 900000)) > 0",
		"a text that grows by replacing":   "len(replace(replace(string(result), '0', string(result)), '0', string(result))) > 0",
		"a text that grows by joining":     "len(join(map(1..90000, {'x'}), string(result))) > 0",
		"a text that doubles":              doubled + "true",
		"a text that doubles in a reducer": "reduce(1..90000, #acc + #acc, 'x') != ''",
		"texts that add up":                "len(map(1..900000, {upper(string(result))})) > 0",
		"lists within lists":               nested + last(nested) + " == " + last(nested),
		"ranges":                           strings.Repeat("len(1..900000) + ", 100) + "1 > 0",
		"many nodes":                       strings.Repeat("1+", 3000) + "1 > 0",
		"a long text":                      "'" + strings.Repeat("x", 20_000) + "' != ''",
		"brackets without end":             strings.Repeat("(", 5000),
		"lists around lists":               strings.Repeat("[", 4000) + strings.Repeat("]", 4000) + " != nil",
	}
	for name, condition := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			phase, err := Judge(v1alpha1.Metric{SuccessCondition: condition}, make([]float64, 10_000))
			if phase != v1alpha1.AnalysisPhaseError || err == nil || len(err.Error()) > 1000 {
				t.Errorf("%s with error %.100v, want a short Error", phase, err)
			}
		})
	}
}

// last is the variable that an expression sets last.
func last(expression string) string {
	return "a" + strings.Repeat("a", strings.Count(expression, "let")-1)
}

func TestTimes(t *testing.T) {
	t.Parallel()
	start, err := Time(`now() - duration("5m")`)
	if err != nil {
		t.Fatal(err)
	}
	end, err := Time(`now()`)
	if err != nil {
		t.Fatal(err)
	}
	if !start.Before(end) {
		t.Errorf("start %s is not before end %s", start, end)
	}
	if _, err := Time("5"); err == nil {
		t.Error("a number is taken for a time")
	}
}

func FuzzConditions(f *testing.F) {
	f.Add("result[0] > 1 && all(result, # < 5)")
	f.Add("default(result, 0) == asInt('1')")
	f.Add("let x = result; x | filter(# > 1) | len() > 0")
	f.Fuzz(func(t *testing.T, condition string) {
		phase, err := Judge(v1alpha1.Metric{SuccessCondition: condition}, []float64{1, 2})
		if (err != nil) != (phase == v1alpha1.AnalysisPhaseError) {
			t.Errorf("%s goes with error %v", phase, err)
		}
	})
}
