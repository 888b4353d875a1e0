// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/test/harness/peer"
)

// acceptCase is an object that a user of the peer writes.
type acceptCase struct {
	Name   string                    `json:"name"`
	Object unstructured.Unstructured `json:"object"`
}

// runAccept takes each object through a server, which has to do what the schema of the peer's CustomResourceDefinition
// does. An object of Argo CD that the schema rejects for what it leaves out, or for a value without a meaning, is
// admitted as well: those faults become conditions. One that holds a value of another type is refused: only a type
// that takes anything could keep it, see mistyped.
func runAccept(t *testing.T, lines [][]byte) {
	cases := make([]acceptCase, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &cases[i]); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	acceptAll(t, peer.Kinds(t), cases)
}

// acceptAll writes every object, and then all of them again, and returns the errors of those of Argo CD that are
// refused. The server notes when it wrote in seconds: within one, nothing would tell that something was written again.
func acceptAll(t *testing.T, kinds map[string]*peer.Kind, cases []acceptCase) map[string]error {
	t.Helper()
	client, count, refusals := startServer(t), map[outcome]int{}, map[string]error{}
	var admitted []*written
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			kind, found := kinds[c.Object.GetKind()]
			if !found {
				t.Fatalf("no CustomResourceDefinition describes the kind %s", c.Object.GetKind())
			}
			locate(&c.Object, kind, i)
			what, object := accept(t, client, kind, c)
			count[what]++
			switch {
			case object.kept.err != nil && !strict(kind):
				refusals[c.Name] = object.kept.err
			case object.kept.err == nil && c.Object.Object["operation"] == nil: // applying one asks for it once more
				admitted = append(admitted, object)
			}
		})
	}
	for _, what := range []outcome{kept, pruned, lenient, refused} {
		t.Logf("%d of %d objects are %s", count[what], len(cases), what)
	}
	for _, again := range []func(*written, *testing.T){(*written).applyAgain, (*written).applyAgainByClient} {
		time.Sleep(time.Second)
		for _, object := range admitted {
			again(object, t)
		}
	}
	return refusals
}

// locate gives an object a name of its own, and the namespace that a manifest leaves to kubectl. No project is found
// by the name that an Application has for it, and would hold that to its rules.
func locate(object *unstructured.Unstructured, kind *peer.Kind, number int) {
	if kind.Namespaced && object.GetNamespace() == "" {
		object.SetNamespace("argocd")
	}
	object.SetName(fmt.Sprintf("case-%d", number))
}

// accept creates the object, compares what is read back, and applies it.
func accept(t *testing.T, client rest.Interface, kind *peer.Kind, c acceptCase) (outcome, *written) {
	t.Helper()
	object, err := newSender(client, kind, c.Object)
	if err != nil {
		t.Fatal(err)
	}
	created, verdict := object.create(t.Context()), kind.Judge(c.Object.Object)
	if created.err == nil {
		created = object.read(t.Context(), created.warned)
	}
	what, wrong := judge(kind, verdict, created)
	if mustRefuse := ofWrongType(verdict.Problems) || len(verdict.Problems) > 0 && strict(kind); len(wrong) == 0 &&
		mustRefuse != (what == refused) {
		wrong = append(wrong, fmt.Sprintf("it is %s: %v, and the peer: %v", what, created.err, verdict.Problems.ToAggregate()))
	}
	if len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
	if created.err != nil {
		return what, &written{sender: object, from: c.Name, kept: created}
	}
	return what, apply(t, c.Name, object, created, verdict.Pruned)
}

// strict says that what is left out of a kind is refused: no controller of Capstan's would say that it is missing.
func strict(kind *peer.Kind) bool {
	return kind.Name != "Application" && kind.Name != "ApplicationSet" && kind.Name != "AppProject"
}
