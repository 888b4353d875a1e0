// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/render"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spec, sync string
		want       []string // repoURL@targetRevision
		several    bool
		fault      string
	}{
		"a single source": {spec: "source: {repoURL: a, targetRevision: main}", want: []string{"a@main"}},
		"a single source at another revision": {
			spec: "source: {repoURL: a, targetRevision: main}", sync: "revision: v2", want: []string{"a@v2"},
		},
		"another single source": {
			spec: "sources: [{repoURL: a}]", sync: "source: {repoURL: b}", want: []string{"b@"},
		},
		"several sources win over one": {
			spec: "{source: {repoURL: x}, sources: [{repoURL: a}, {repoURL: b, targetRevision: main}]}",
			want: []string{"a@", "b@main"}, several: true,
		},
		"several sources at other revisions": {
			spec: "sources: [{repoURL: a, targetRevision: v1}, {repoURL: b, targetRevision: v1}]", sync: "revisions: [v2, '']",
			want: []string{"a@v2", "b@v1"}, several: true,
		},
		"other several sources": {
			spec: "source: {repoURL: a}", sync: "{sources: [{repoURL: b}, {repoURL: c}], revisions: [v1, v2]}",
			want: []string{"b@v1", "c@v2"}, several: true,
		},
		"a list of one source at a revision": {
			spec: "sources: [{repoURL: a}]", sync: "revision: v2", want: []string{"a@v2"}, several: true,
		},
		"one repository at two revisions": {
			spec: "sources: [{repoURL: a, targetRevision: v1}, {repoURL: a, targetRevision: v2}]",
			want: []string{"a@v1", "a@v2"}, several: true,
		},
		"no source": {spec: "{}", fault: "spec.source.repoURL is empty"},
		"a source without a repository": {
			spec: "sources: [{repoURL: a}, {path: x}]", fault: "spec.sources[1].repoURL is empty",
		},
		"one revision for several sources": {
			spec: "sources: [{repoURL: a}, {repoURL: b}]", sync: "revision: v2", fault: "set revisions",
		},
		"too few revisions": {
			spec: "sources: [{repoURL: a}, {repoURL: b}]", sync: "revisions: [v2]", fault: "1 entries for 2 sources",
		},
		"one ref twice": {
			spec: "sources: [{repoURL: a, ref: x}, {repoURL: b, ref: x}]", fault: `spec.sources[1].ref "x" is that of another`,
		},
		"one name twice": {
			spec: "sources: [{repoURL: a, name: x}, {repoURL: b, name: x}]", fault: `spec.sources[1].name "x" is that of another`,
		},
		"a ref that is a path": {spec: "sources: [{repoURL: a, ref: ../x}]", fault: "spec.sources[0].ref"},
		"a ref to a chart": {
			spec: "sources: [{repoURL: a, chart: c, ref: x}]", fault: "spec.sources[0].ref: a chart has no files",
		},
		"a hydrator": {spec: "sourceHydrator: {}", fault: "spec.sourceHydrator"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, sync := &v1alpha1.Application{}, &v1alpha1.SyncOperation{}
			if err := yaml.UnmarshalStrict([]byte(test.spec), &app.Spec); err != nil {
				t.Fatal(err)
			}
			if err := yaml.UnmarshalStrict([]byte(test.sync), sync); err != nil {
				t.Fatal(err)
			}
			before := app.DeepCopy()
			from, err := originOf(app, sync)
			if test.fault != "" {
				if err == nil || !strings.Contains(err.Error(), test.fault) {
					t.Errorf("want an error with %q, got %v", test.fault, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, one := range from.sources {
				got = append(got, one.RepoURL+"@"+one.TargetRevision)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || from.several != test.several {
				t.Errorf("several %v, sources (-want +got):\n%s", from.several, diff)
			}
			if diff := cmp.Diff(before, app); diff != "" {
				t.Errorf("the Application was changed:\n%s", diff)
			}
		})
	}
}

func TestOutputsOfSeveralSourcesStandBehindEachOther(t *testing.T) {
	t.Parallel()
	output := func(name string) render.Output {
		return render.Output{
			Manifests: []manifest.Manifest{{Key: manifest.Key{Kind: "ConfigMap", Name: name}}},
			Digest:    manifest.DigestOf([]byte(name)), Unstable: name,
		}
	}
	all := combine([]render.Output{output("a"), {}, output("b")}, true)
	if len(all.Manifests) != 2 || all.Manifests[0].Name != "a" || all.Manifests[1].Name != "b" || all.Unstable != "a; b" {
		t.Errorf("got %v, %q", all.Manifests, all.Unstable)
	}
	if other := combine([]render.Output{output("b"), {}, output("a")}, true); other.Digest == all.Digest {
		t.Error("the order of the sources makes no difference")
	}
	if one := combine([]render.Output{output("a")}, false); one.Digest != output("a").Digest {
		t.Error("what a single source rendered is not kept by its own digest")
	}
}
