// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/source"
)

// permissive reads any repository, and remembers which for whom.
type permissive struct {
	Sources
	asked []string
}

func (p *permissive) Origin(url, project string) (string, error) {
	p.asked = append(p.asked, "origin of "+url+" for "+project)
	return "origin", nil
}

func (p *permissive) Snapshot(_ context.Context, url, revision, _, project string) (*source.Snapshot, error) {
	p.asked = append(p.asked, revision+" of "+url+" for "+project)
	return &source.Snapshot{Tree: source.Memory(nil)}, nil
}

func TestSubmodulesAreOfRepositoriesThatTheProjectPermits(t *testing.T) {
	t.Parallel()
	const permitted, foreign = "https://git.example.com/team/lib.git", "http://169.254.169.254/latest.git"
	owner := &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "team"}}
	owner.Spec.SourceRepos = []string{"https://git.example.com/team/*"}
	asked := &permissive{}
	reconciler := &Reconciler{Options: Options{Sources: asked, Submodules: true}}
	lender := reconciler.submodules(&pass{owner: owner})

	if _, err := lender.Origin(foreign); err == nil || !strings.Contains(err.Error(), "is not in spec.sourceRepos") {
		t.Errorf("the origin of a foreign repository: %v", err)
	}
	if _, err := lender.Commit(t.Context(), foreign, "c0ffee"); err == nil {
		t.Error("a foreign repository was read")
	}
	if len(asked.asked) > 0 {
		t.Errorf("asked for %q", asked.asked)
	}
	if _, err := lender.Origin(permitted); err != nil {
		t.Error(err)
	}
	if _, err := lender.Commit(t.Context(), permitted, "c0ffee"); err != nil {
		t.Error(err)
	}
	want := "origin of " + permitted + " for team, c0ffee of " + permitted + " for team"
	if got := strings.Join(asked.asked, ", "); got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
	reconciler.Submodules = false
	if reconciler.submodules(&pass{owner: owner}) != nil {
		t.Error("submodules are lent although they are switched off")
	}
}
