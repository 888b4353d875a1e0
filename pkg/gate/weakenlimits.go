// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"slices"
)

func (l Limits) eased(after Limits) []string {
	var eased []string
	if after.MaxCount > l.MaxCount {
		eased = append(eased, fmt.Sprintf("a Plan may delete %d rather than %d objects", after.MaxCount, l.MaxCount))
	}
	if after.MaxPercent > l.MaxPercent {
		eased = append(eased, fmt.Sprintf("a Plan may delete %d%% rather than %d%% of the objects",
			after.MaxPercent, l.MaxPercent))
	}
	for _, kind := range l.Protected {
		if !after.covers(kind) {
			eased = append(eased, "objects of kind "+kind+" are not protected any more")
		}
	}
	switch {
	case after.Exceed == nil:
	case l.Exceed == nil:
		eased = append(eased, "a Plan beyond the limits of deletion may be approved")
	default:
		eased = append(eased, easedRules("beyond the limits of deletion, ", l.Exceed, after.Exceed)...)
	}
	return eased
}

func (f *FastPath) eased(after *FastPath) []string {
	switch {
	case after == nil:
		return nil
	case f == nil:
		return []string{"a rollback to what was healthy lately needs less than other changes"}
	}
	var eased []string
	if after.Within > f.Within {
		eased = append(eased, fmt.Sprintf("a rollback may go back %s rather than %s", after.Within, f.Within))
	}
	return append(eased, easedRules("for a rollback, ", f.Rules, after.Rules)...)
}

func (e *Emergency) eased(after *Emergency) []string {
	switch {
	case after == nil:
		return nil
	case e == nil:
		return []string{"the gate may be broken in an emergency"}
	}
	var eased []string
	if after.MaxDuration > e.MaxDuration {
		eased = append(eased, fmt.Sprintf("a broken gate stays open for %s rather than %s",
			after.MaxDuration, e.MaxDuration))
	}
	for _, pattern := range e.Tickets {
		if !slices.Contains(after.Tickets, pattern) {
			eased = append(eased, fmt.Sprintf("tickets of an emergency need not match %q", pattern))
		}
	}
	if after.MinReason < e.MinReason {
		eased = append(eased, fmt.Sprintf("reasons of an emergency need %d rather than %d characters",
			after.MinReason, e.MinReason))
	}
	if after.ReviewWithin > e.ReviewWithin {
		eased = append(eased, fmt.Sprintf("an emergency may be reviewed within %s rather than %s",
			after.ReviewWithin, e.ReviewWithin))
	}
	return eased
}
