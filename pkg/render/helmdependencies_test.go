// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

const chartHost = "http://127.0.0.1:18080"

// shelf lends versions of the chart cache to one project, and remembers who asked.
type shelf struct {
	key     string
	charts  map[string]map[string]string // by name and version
	refuses error

	mu    sync.Mutex
	asked []string
}

func newShelf(key string) *shelf {
	charts := map[string]map[string]string{}
	for _, version := range []string{"1.0.0", "1.2.0"} {
		charts["cache "+version] = map[string]string{
			"Chart.yaml":       "{apiVersion: v2, name: cache, version: " + version + "}\n",
			"values.yaml":      "size: small\n",
			"templates/a.yaml": configMap + "{{ .Chart.Name }}\ndata: {size: {{ .Values.size }}, version: {{ .Chart.Version }}}\n",
		}
	}
	return &shelf{key: key, charts: charts}
}

func (s *shelf) Origin(repository string) (string, error) { return s.key + repository, s.refuses }

func (s *shelf) Chart(_ context.Context, repository, name, version string) (source.Tree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, repository+" "+name+" "+version)
	files, found := s.charts[name+" "+version]
	if !found {
		return nil, errors.New("the repository has no such chart")
	}
	return source.Memory(files), nil
}

// The locks are as helm 4.3 writes them.
const (
	wantsCache  = "-- app/Chart.yaml --\n{apiVersion: v2, name: shop, version: 1.0.0, dependencies: ["
	ofCache     = "{name: cache, version: ^1.0.0, repository: 'http://127.0.0.1:18080'"
	lockOfCache = "dependencies:\n- name: cache\n  repository: http://127.0.0.1:18080\n  version: 1.2.0\n"
	digest      = "digest: sha256:1fc433020acd9f894b932ad8142df3ef57c0dea1fde7d39e980d8a7dd4ff0e1d\n"
	both        = wantsCache + ofCache + ", alias: fast, condition: fast.enabled, tags: [a]}, " +
		"{name: local, version: '>=0.1.0', repository: 'file://../local'}]}\n"
	lockOfBoth = "-- app/Chart.lock --\n" + lockOfCache + "- name: local\n  repository: file://../local\n  version: 0.1.0\n" +
		"digest: sha256:4450b9dd7a85404bb866524981f96fa5b1049c3d495a0505a88bbb7088349a4b\n"
	localChart = "-- local/Chart.yaml --\n{apiVersion: v2, name: local, version: 0.1.0}\n" +
		"-- local/templates/a.yaml --\n" + configMap + "local\n"
)

func TestDependenciesOfCharts(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	for name, test := range map[string]struct {
		files, options string
		want           string
		asked          string
	}{
		"the version of Chart.lock, and a chart of the same repository": {
			files: both + lockOfBoth + localChart, want: "ConfigMap/fast ConfigMap/local", asked: chartHost + " cache 1.2.0",
		},
		"a condition leaves one out": {
			files: both + lockOfBoth + localChart, options: "helm: {values: 'fast: {enabled: false}'}", want: "ConfigMap/local",
			asked: chartHost + " cache 1.2.0",
		},
		"a lock of the days of helm 2": {
			files: "-- app/Chart.yaml --\n{apiVersion: v1, name: shop, version: 1.0.0}\n-- app/requirements.yaml --\ndependencies: [" +
				ofCache + "}]\n-- app/requirements.lock --\n" + lockOfCache + digest,
			want: "ConfigMap/cache", asked: chartHost + " cache 1.2.0",
		},
		"a repository that has a name where the lock was made": {
			files: wantsCache + "{name: cache, version: ^1.0.0, repository: '@team'}]}\n-- app/Chart.lock --\n" + lockOfCache + digest,
			want:  "ConfigMap/cache", asked: chartHost + " cache 1.2.0",
		},
		"a version without a lock": {
			files: wantsCache + "{name: cache, version: 1.0.0, repository: 'http://127.0.0.1:18080'}]}\n",
			want:  "ConfigMap/cache", asked: chartHost + " cache 1.0.0",
		},
		"one chart under two names": {
			files: wantsCache + "{name: cache, version: 1.0.0, repository: 'http://127.0.0.1:18080', alias: a}, " +
				"{name: cache, version: 1.0.0, repository: 'http://127.0.0.1:18080', alias: b}]}\n",
			want: "ConfigMap/a ConfigMap/b", asked: chartHost + " cache 1.0.0",
		},
		"two versions under two names": {
			files: wantsCache + "{name: cache, version: 1.0.0, repository: 'http://127.0.0.1:18080', alias: a}, " +
				"{name: cache, version: 1.2.0, repository: 'http://127.0.0.1:18080', alias: b}]}\n",
			want: "ConfigMap/a ConfigMap/b", asked: chartHost + " cache 1.0.0, " + chartHost + " cache 1.2.0",
		},
		"a chart that charts/ holds is not fetched": {
			files: wantsCache + ofCache + "}]}\n-- app/charts/cache/Chart.yaml --\n{apiVersion: v2, name: cache, version: 1.1.0}\n" +
				"-- app/charts/cache/templates/a.yaml --\n" + configMap + "held\n",
			want: "ConfigMap/held",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lent := newShelf(name)
			input := inputOf(t, "path: app", test.files)
			if test.options != "" {
				input = inputOf(t, "{path: app, "+test.options+"}", test.files)
			}
			input.Dependencies = lent
			output, err := cache.Render(t.Context(), input)
			if got := namesOf(output.Manifests); err != nil || got != test.want {
				t.Errorf("got %q, %v", got, err)
			}
			if got := strings.Join(lent.asked, ", "); got != test.asked {
				t.Errorf("asked for %q", got)
			}
			again, err := cache.Render(t.Context(), input)
			if err != nil || !again.Cached || strings.Join(lent.asked, ", ") != test.asked {
				t.Errorf("the second render: cached %v, %v, asked for %q", again.Cached, err, lent.asked)
			}
		})
	}
}

func TestDependenciesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	one := func(rest string) string { return wantsCache + "{name: cache, " + rest + "}]}\n" }
	for name, test := range map[string]struct {
		files   string
		refuses error
		want    string
	}{
		"a lock of other dependencies": {
			files: wantsCache + ofCache + ", alias: x}]}\n-- app/Chart.lock --\n" + lockOfCache + digest, want: "made for other dependencies",
		},
		"a lock without a digest": {
			files: wantsCache + ofCache + "}]}\n-- app/Chart.lock --\n" + lockOfCache, want: "made for other dependencies",
		},
		"a lock of nothing": {
			files: wantsCache + ofCache + "}]}\n-- app/Chart.lock --\n{dependencies: [null]}\n", want: "made for other dependencies",
		},
		"no repository": {
			files: one("version: 1.0.0"), want: `the dependency "cache" in version "1.0.0": charts/ does not hold it`,
		},
		"a name of a repository without a lock": {files: one("version: 1.0.0, repository: '@team'"), want: "write its URL"},
		"no such version": {
			files: one("version: 9.0.0, repository: 'http://127.0.0.1:18080'"),
			want:  `the dependency "cache" in version "9.0.0" of "http://127.0.0.1:18080": the repository has no such chart`,
		},
		"a repository that the project does not permit": {
			files: one("version: 1.0.0, repository: 'http://127.0.0.1:18080'"), refuses: errors.New("not in spec.sourceRepos"),
			want: `of "http://127.0.0.1:18080": not in spec.sourceRepos`,
		},
		"a URL with a password": {files: one("version: 1.0.0, repository: 'https://u:s3cret@h/x'"), want: "add a repository Secret"},
		"a chart of another name": {
			files: one("version: 0.1.0, repository: 'file://../local'") + localChart, want: `has the name "local"`,
		},
		"a chart of another version": {
			files: wantsCache + "{name: local, version: 2.0.0, repository: 'file://../local'}]}\n" + localChart,
			want:  "has the version 0.1.0",
		},
		"a path out of the repository": {files: one("repository: 'file://../../etc'"), want: "leaves the repository"},
		"an absolute path":             {files: one("repository: 'file:///etc'"), want: "leaves the repository"},
		"a path to nothing":            {files: one("repository: 'file://../gone'"), want: "no chart is there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lent := newShelf("")
			lent.refuses = test.refuses
			input := inputOf(t, "path: app", test.files)
			input.Dependencies = lent
			output, err := cache.Render(t.Context(), input)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("want %q, got %v and %s", test.want, err, namesOf(output.Manifests))
			}
		})
	}
}

func TestARenderIsSharedOnlyByWhoMayReadItsDependencies(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	input := inputOf(t, "path: app", both+lockOfBoth+localChart)
	owner, same, stranger, refused := newShelf("a"), newShelf("a"), newShelf("b"), newShelf("a")
	refused.refuses = errors.New("not permitted")
	for _, step := range []struct {
		name   string
		lent   *shelf
		cached bool
		asked  int
		fails  bool
	}{
		{"the owner fetches", owner, false, 1, false},
		{"who reads with the same shares", same, true, 0, false},
		{"who reads with other credentials fetches", stranger, false, 1, false},
		{"who may not read gets nothing", refused, false, 0, true},
		{"and the owner still has it", owner, true, 1, false},
	} {
		input.Dependencies = step.lent
		output, err := cache.Render(t.Context(), input)
		if output.Cached != step.cached || len(step.lent.asked) != step.asked || (err != nil) != step.fails {
			t.Errorf("%s: cached %v, asked %v, %v", step.name, output.Cached, step.lent.asked, err)
		}
	}
	other := newShelf("a")
	input.Dependencies = other
	input.Tree = source.Memory(filesOf(both + lockOfBoth + localChart + "-- README.md --\nnew\n"))
	if output, err := cache.Render(t.Context(), input); err != nil || !output.Cached || len(other.asked) > 0 {
		t.Errorf("after a commit elsewhere: cached %v, asked %v, %v", output.Cached, other.asked, err)
	}
}
