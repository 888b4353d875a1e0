// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// tolerance is what an Application's rules let differ, and what was found out by them.
type tolerance struct {
	// made is the digest of what own was read from.
	made manifest.Digest
	own  difference.Rules
	// judged are objects that differ in fields which no rule is for: they need no second look.
	judged map[manifest.Key]judgement
}

// judgement is the state of an object that was looked at, and what kept the look from a result.
type judgement struct {
	uid     types.UID
	owned   manifest.Digest
	desired manifest.Digest
	rules   manifest.Digest
	fault   string
}

// rulesOf returns the rules of an Application and those of all.
func (r *Reconciler) rulesOf(app *v1alpha1.Application, s *state) (difference.Rules, error) {
	if len(app.Spec.IgnoreDifferences) == 0 {
		s.tolerance.own = nil
		return r.Toleration(), nil
	}
	text, err := json.Marshal(app.Spec.IgnoreDifferences)
	if err != nil {
		return nil, fmt.Errorf("spec.ignoreDifferences: %w", err)
	}
	if made := manifest.DigestOf(text); s.tolerance.own == nil || s.tolerance.made != made {
		rules, err := difference.Compile(app.Spec.IgnoreDifferences)
		if err != nil {
			return nil, err
		}
		s.tolerance = tolerance{made: made, own: rules}
	}
	return slices.Concat(s.tolerance.own, r.Toleration()), nil
}

// excuse finds the objects that differ from Git only in fields that may differ, and records them as
// they are. It reports whether there were any. The destination is asked once for each state of an
// object, and only for objects that rules are for.
func (r *Reconciler) excuse(
	ctx context.Context, p *pass, s *state, made plan.Plan, objects []live.Object,
) (excused bool, err error) {
	if len(p.rules) == 0 || s.lagging {
		return false, nil
	}
	seen := make(map[manifest.Key]live.Object, len(objects))
	for _, object := range objects {
		seen[object.Key] = object
	}
	for _, change := range made.Changes {
		rules := p.rules.Of(change.Key)
		if len(rules) == 0 || !change.Live || change.Reason != plan.Changed && change.Reason != plan.Drifted {
			continue
		}
		found := judgement{uid: change.UID, owned: seen[change.Key].Owned, desired: change.Desired, rules: rules.Digest()}
		same, err := r.judge(ctx, p, s, change, rules, found)
		if err != nil {
			return excused, err
		}
		excused = excused || same
	}
	return excused, nil
}

// judge looks at one object, unless it was looked at in this state before.
func (r *Reconciler) judge(
	ctx context.Context, p *pass, s *state, change plan.Change, rules difference.Rules, found judgement,
) (same bool, err error) {
	known := s.tolerance.judged[change.Key]
	fault := known.fault
	if known.fault = ""; known == found {
		return false, faulty(fault)
	}
	bytes, err := r.bytesOf(ctx, p)
	if err != nil {
		return false, err
	}
	target, err := r.at(p, change.Key)
	if err != nil {
		return false, invalid(err)
	}
	tolerated, err := apply.Tolerate(ctx, target, bytes.objects[change.Key], rules)
	var refused *apply.Error
	switch {
	case errors.As(err, &refused) && refused.Retry:
		return false, unreadable(err)
	case err != nil && refused == nil:
		found.fault = fmt.Sprintf("compare %s %s: %v", change.Kind, change.Name, err)
	case tolerated.Same:
		s.applied[change.Key] = plan.Applied{
			Key: change.Key, Version: change.Version, UID: tolerated.UID, ResourceVersion: tolerated.ResourceVersion,
			Owned: tolerated.Owned, Desired: change.Desired, Excused: found.rules,
		}
		delete(s.tolerance.judged, change.Key)
		return true, nil
	}
	if s.tolerance.judged == nil {
		s.tolerance.judged = map[manifest.Key]judgement{}
	}
	s.tolerance.judged[change.Key] = found
	return false, faulty(found.fault)
}

// faulty is the error of a rule that cannot be used: what it is for is neither in sync nor to be
// written over.
func faulty(fault string) error {
	if fault == "" {
		return nil
	}
	return invalid(errors.New(fault))
}

// respected are the rules whose fields a write leaves as they are.
func (p *pass) respected(key manifest.Key) difference.Rules {
	rules := p.rules.Of(key)
	if !optionsOf(p.app).Respect {
		return rules.OfControllers()
	}
	return rules
}
