// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"fmt"
	"testing"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// doing adds n changes of an action to a Plan over as many deployed objects.
func doing(action capstan.SyncRunAction, n int, group, kind string, deployed int32) func(f *gate.Facts) {
	return func(f *gate.Facts) {
		for i := range n {
			f.Plan.Spec.Changes = append(f.Plan.Spec.Changes, capstan.PlanChange{
				Action: action, Group: group, Kind: kind, Namespace: "shop", Name: fmt.Sprint("x-", i), UID: "x",
			})
		}
		f.Plan.Spec.Deployed = deployed
		*f = seal(*f)
	}
}

func destroying(change func(f *gate.Facts)) func(f *gate.Facts) {
	return func(f *gate.Facts) {
		f.Deleting, f.Plan.Spec.Kind = true, capstan.PlanDestroy
		change(f)
	}
}

func approvedToo(who string, change func(f *gate.Facts)) func(f *gate.Facts) {
	return func(f *gate.Facts) {
		f.Approvals = append(f.Approvals, approval(who, "boss"))
		f.Holds = roles(map[string]string{"ann": "approver boss", who: "boss"})
		change(f)
	}
}

func TestWhatAPlanMayDelete(t *testing.T) {
	t.Parallel()
	const prune = capstan.ActionPrune
	allow := func(change func(f *gate.Facts)) row { return row{change, gate.Allow, gate.ReasonGranted} }
	tooMuch := func(change func(f *gate.Facts)) row { return row{change, gate.Deny, gate.ReasonPruneLimit} }
	protected := func(change func(f *gate.Facts)) row { return row{change, gate.Deny, gate.ReasonProtected} }
	judge(t, map[string]row{
		"ten objects of many":                           allow(doing(prune, 10, "", "ConfigMap", 1000)),
		"not eleven":                                    tooMuch(doing(prune, 11, "", "ConfigMap", 1000)),
		"thirty of a hundred":                           allow(doing(prune, 3, "", "ConfigMap", 10)),
		"not more":                                      tooMuch(doing(prune, 4, "", "ConfigMap", 10)),
		"nothing of what nothing is known of":           tooMuch(doing(prune, 1, "", "ConfigMap", 0)),
		"nor of fewer than none":                        tooMuch(doing(prune, 1, "", "ConfigMap", -100)),
		"making an object anew deletes it":              tooMuch(doing(capstan.ActionRecreate, 11, "", "ConfigMap", 1000)),
		"so does whatever is not known":                 tooMuch(doing("Shred", 11, "", "ConfigMap", 1000)),
		"making and changing deletes nothing":           allow(doing(capstan.ActionCreate, 99, "apps", "StatefulSet", 1)),
		"a hook deletes nothing":                        allow(doing(capstan.ActionHook, 99, "batch", "Job", 1)),
		"no claim of storage":                           protected(doing(prune, 1, "", "PersistentVolumeClaim", 1000)),
		"nor to make it anew":                           protected(doing(capstan.ActionRecreate, 1, "apps", "StatefulSet", 1000)),
		"nor a kind of the name in another group":       protected(doing(prune, 1, "example.com", "Namespace", 1000)),
		"a deletion of everything has no bound":         allow(destroying(doing(prune, 99, "", "ConfigMap", 99))),
		"but that of protected kinds":                   protected(destroying(doing(prune, 1, "", "Namespace", 99))),
		"the limits hold whatever the Plan says of it":  tooMuch(func(f *gate.Facts) { f.Plan.Spec.Prune = false; doing(prune, 11, "", "ConfigMap", 1000)(f) }),
		"who may exceed is of no use where none may so": tooMuch(approvedToo("bob", doing(prune, 11, "", "ConfigMap", 1000))),
	})
	judge(t, map[string]row{
		"beyond the limits, the rule for it is met too": allow(approvedToo("bob", doing(prune, 11, "", "ConfigMap", 1000))),
		"for protected kinds as well":                   allow(approvedToo("bob", doing(prune, 1, "", "Namespace", 1000))),
		"and for a deletion of them with all":           allow(approvedToo("bob", destroying(doing(prune, 1, "", "Namespace", 1000)))),
		"one person does not meet both":                 {approvedToo("ann", doing(prune, 11, "", "ConfigMap", 1000)), gate.Hold, gate.ReasonApprovalRequired},
		"within the limits, nobody else is needed":      allow(doing(prune, 10, "", "ConfigMap", 1000)),
		"who may approve what is beyond them may reject it": {func(f *gate.Facts) {
			approvedToo("bob", doing(prune, 11, "", "ConfigMap", 1000))(f)
			f.Approvals = append(f.Approvals, rejection("bob"))
			*f = seal(*f)
		}, gate.Deny, gate.ReasonRejected},
		"a kind of another group is not protected":             allow(doing(prune, 1, "example.com", "Secret", 1000)),
		"one of no group is, in whatever letters":              {doing(prune, 1, "", "SECRET", 1000), gate.Hold, gate.ReasonApprovalRequired},
		"a list of kinds replaces the usual one":               allow(doing(prune, 1, "apps", "StatefulSet", 1000)),
		"beyond the limits, what is missing is held, not lost": {doing(prune, 11, "", "ConfigMap", 1000), gate.Hold, gate.ReasonApprovalRequired},
	}, policy("boss", capstan.PromotionPolicySpec{Prune: capstan.PruneLimits{
		ProtectedKinds: []string{"Namespace", "secret."}, Exceed: pointer(rule("boss", 1)),
	}}))
}
