// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"math/rand/v2"
	"testing"
)

func TestTargetComesNearestToTheWeight(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name                   string
		desired, weight, surge int32
		want                   Pair
	}{
		{"no pods", 0, 50, 1, Pair{0, 0}},
		{"an exact part", 10, 10, 3, Pair{1, 9}},
		{"nothing", 10, 0, 3, Pair{0, 10}},
		{"everything", 10, 100, 3, Pair{10, 0}},
		{"one pod more meets it better", 5, 50, 2, Pair{3, 3}},
		{"one pod more is not allowed", 5, 50, 0, Pair{3, 2}},
		{"each revision keeps a pod", 10, 1, 0, Pair{1, 9}},
		{"the stable one keeps a pod", 10, 99, 3, Pair{10, 1}},
		{"the stable one keeps a pod without surge", 10, 99, 0, Pair{9, 1}},
		{"a single pod and one more", 1, 50, 1, Pair{1, 1}},
		{"a single pod alone is rounded", 1, 50, 0, Pair{1, 0}},
		{"half a pod, and nothing to add", 2, 75, 0, Pair{1, 1}},
	}
	for _, tc := range cases {
		if got := Target(tc.desired, tc.weight, 100, tc.surge); got != tc.want {
			t.Errorf("%s: %d pods at %d%% with a surge of %d: %v, want %v",
				tc.name, tc.desired, tc.weight, tc.surge, got, tc.want)
		}
	}
}

func TestTargetKeepsAPodOfEachRevision(t *testing.T) {
	t.Parallel()
	for desired := range int32(30) {
		for weight := range int32(101) {
			for surge := range int32(3) {
				got := Target(desired, weight, 100, surge)
				if total := got.New + got.Stable; total != desired && (total != desired+1 || surge == 0) {
					t.Fatalf("%d pods at %d%% with a surge of %d: %v in all", desired, weight, surge, got)
				}
				if between := weight > 0 && weight < 100 && desired > 1; between && (got.New == 0 || got.Stable == 0) {
					t.Fatalf("%d pods at %d%% with a surge of %d: %v", desired, weight, surge, got)
				}
			}
		}
	}
}

// fleet is two sets on their way, whose pods come up and fail at random.
type fleet struct {
	current, stable Size
}

func (f *fleet) resize(next Pair) {
	f.current = Size{Spec: next.New, Available: min(f.current.Available, next.New)}
	f.stable = Size{Spec: next.Stable, Available: min(f.stable.Available, next.Stable)}
}

func TestApproachKeepsItsPromisesAndArrives(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		desired := 1 + random.Int32N(20)
		surge, missing := random.Int32N(desired+1), random.Int32N(desired+1)
		if surge+missing == 0 {
			missing = 1
		}
		bounds := Bounds{Most: desired + surge, Least: desired - missing}
		target := Target(desired, random.Int32N(101), 100, surge)
		f := &fleet{stable: Size{Spec: desired, Available: desired}}
		if random.IntN(2) == 0 {
			before := Target(desired, random.Int32N(101), 100, surge)
			f = &fleet{
				current: Size{Spec: before.New, Available: before.New},
				stable:  Size{Spec: before.Stable, Available: before.Stable},
			}
		}
		start := *f
		for turn := 0; ; turn++ {
			if turn == 200 {
				t.Fatalf("from %+v to %+v within %+v: it does not arrive, but ends at %+v", start, target, bounds, *f)
			}
			available, total := f.current.Available+f.stable.Available, f.current.Spec+f.stable.Spec
			f.resize(Approach(target, f.current, f.stable, 0, bounds))
			if now := f.current.Available + f.stable.Available; now < min(available, bounds.Least) {
				t.Fatalf("from %+v to %+v within %+v: %d pods are available at %+v", start, target, bounds, now, *f)
			}
			if now := f.current.Spec + f.stable.Spec; now > max(total, bounds.Most) {
				t.Fatalf("from %+v to %+v within %+v: there are %d pods at %+v", start, target, bounds, now, *f)
			}
			if f.current.Spec == target.New && f.stable.Spec == target.Stable {
				break
			}
			f.current.Available = min(f.current.Spec, f.current.Available+random.Int32N(3))
			f.stable.Available = min(f.stable.Spec, f.stable.Available+random.Int32N(3))
		}
	}
}

func TestDrainTakesWhatIsNotAvailableFirst(t *testing.T) {
	t.Parallel()
	older := []Size{{Spec: 5, Available: 3}, {Spec: 4, Available: 4}}
	if got := Drain(older, 7, 10); got[0] != 3 || got[1] != 4 {
		t.Errorf("with too few available pods %v stay, want 3 and 4", got)
	}
	if got := Drain(older, 12, 7); got[0] != 0 || got[1] != 2 {
		t.Errorf("with 5 pods to spare %v stay, want 0 and 2", got)
	}
}
