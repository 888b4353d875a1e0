// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// remind forgets the emergencies of which there is nothing to say any more, warns of reviews that are overdue, and
// tells when there is news of others: no event does.
func remind(p *pass, now time.Time) time.Duration {
	known := p.standing.Emergencies
	p.standing.Emergencies = nil
	var next time.Duration
	for _, emergency := range known {
		if !gate.Lasts(emergency, now) {
			continue
		}
		p.standing.Emergencies = append(p.standing.Emergencies, emergency)
		switch {
		case gate.Overdue(emergency, now):
			p.problems = append(p.problems, v1alpha1.ApplicationCondition{
				Type: v1alpha1.ApplicationConditionBreakGlassWarning, Message: fmt.Sprintf("%s broke the gate by Approval %s, "+
					"and nobody else has reviewed it until %s: nothing else is approved before", emergency.Username,
					emergency.Approval, emergency.ReviewBy.UTC().Format(time.RFC3339)),
			})
		case emergency.ReviewBy != nil:
			next = soonest(next, emergency.ReviewBy.Sub(now))
		default:
			next = soonest(next, emergency.Until.Sub(now))
		}
	}
	return next
}
