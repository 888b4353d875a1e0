// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"

	"github.com/capstan-dev/capstan/pkg/script"
)

const (
	// maxCost bounds an evaluation, in the units of Kubernetes' admission policies, of which it is the
	// limit of one expression (k8s.io/apiserver/pkg/apis/cel: PerCallLimit).
	maxCost = 1_000_000
	// maxExpression bounds the text.
	maxExpression   = 64 << 10
	maxCELTime      = time.Second
	interruptChecks = 100
)

// celRule is a rule in CEL: an expression of the variable object, whose value is a status, or a map of
// status and message.
type celRule struct{ program cel.Program }

// compileCEL compiles in the environment of Kubernetes' own expressions, so that people know its functions.
func compileCEL(text string) (*celRule, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxExpression)
	}
	extended, err := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()).Extend(
		environment.VersionedOptions{
			IntroducedVersion: version.MajorMinor(1, 0),
			EnvOptions:        []cel.EnvOption{cel.Variable("object", cel.DynType)},
		})
	if err != nil {
		return nil, fmt.Errorf("make the environment of expressions: %w", err)
	}
	env := extended.NewExpressionsEnv()
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("compile the expression: %w", bounded(issues.Err()))
	}
	program, err := env.Program(checked, cel.CostLimit(maxCost), cel.CostTracking(&library.CostEstimator{}),
		cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost), cel.InterruptCheckFrequency(interruptChecks))
	if err != nil {
		return nil, fmt.Errorf("compile the expression: %w", bounded(err))
	}
	return &celRule{program}, nil
}

func (r *celRule) run(object map[string]any) (*Health, error) {
	ctx, cancel := context.WithTimeout(context.Background(), maxCELTime)
	defer cancel()
	value, _, err := r.program.ContextEval(ctx, map[string]any{"object": object})
	if err != nil {
		return nil, fmt.Errorf("the expression failed: %w", bounded(err))
	}
	return celResult(value)
}

func celResult(value ref.Val) (*Health, error) {
	switch v := value.(type) {
	case types.Null:
		return nil, nil
	case types.String:
		return celHealth(string(v), "")
	case traits.Mapper:
		status, err := celText(v, "status")
		if err != nil {
			return nil, err
		}
		message, err := celText(v, "message")
		if err != nil {
			return nil, err
		}
		return celHealth(status, message)
	}
	return nil, fmt.Errorf("the expression is a %s; make it a status, or a map of status and message",
		value.Type().TypeName())
}

func celHealth(status, message string) (*Health, error) {
	found := Status(status)
	if !found.known() {
		return nil, errors.New("the expression gives no status that there is: " +
			"use Healthy, Suspended, Progressing, Missing, Degraded or Unknown")
	}
	return &Health{Status: found, Message: message}, nil
}

func celText(fields traits.Mapper, name string) (string, error) {
	value, found := fields.Find(types.String(name))
	if !found {
		return "", nil
	}
	text, isText := value.(types.String)
	if !isText {
		return "", fmt.Errorf("the expression gives a %s as %s; make it text", value.Type().TypeName(), name)
	}
	return string(text), nil
}

// bounded cuts the text of an error, which an expression can make long.
func bounded(err error) error {
	if text := err.Error(); len(text) > script.MaxErrorLength {
		return errors.New(text[:script.MaxErrorLength] + "...")
	}
	return err
}
