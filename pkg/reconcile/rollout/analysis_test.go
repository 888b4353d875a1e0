// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// kept are two templates of a namespace, of which one runs Jobs, as they are written for a cluster.
func kept(t *testing.T, cluster string) analyses.Templates {
	t.Helper()
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for name, provider := range map[string]string{
		"job": `{job: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}`, "web": `{web: {url: "https://a.example"}}`,
	} {
		template := &v1alpha1.AnalysisTemplate{}
		text := `{metadata: {name: ` + name + `, namespace: shop}, spec: {metrics: [{name: m, provider: ` + provider + `}]}}`
		if err := yaml.Unmarshal([]byte(text), template); err != nil {
			t.Fatal(err)
		}
		if cluster != "" {
			template.Annotations = map[string]string{v1alpha1.AnnotationCluster: cluster}
		}
		if err := indexer.Add(template); err != nil {
			t.Fatal(err)
		}
	}
	return analyses.Templates{Namespaced: listers.NewAnalysisTemplateLister(indexer)}
}

func TestATemplateRunsJobsInTheClusterForWhichItIsWritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		template, written, cluster string
		refused                    bool
	}{
		"at home":                        {"job", "", "", false},
		"at home, written for another":   {"job", "east", "", false},
		"in its cluster":                 {"job", "east", "east", false},
		"in a cluster, written for none": {"job", "", "east", true},
		"in another than its cluster":    {"job", "west", "east", true},
		"without Jobs":                   {"web", "", "east", false},
	} {
		_, err := kept(t, test.written).In("shop", test.cluster).AnalysisTemplate(test.template)
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), v1alpha1.AnnotationCluster+": "+test.cluster) {
			t.Errorf("%s: it does not say what to do: %v", name, err)
		}
	}
}

func TestNobodyChoosesAClusterByTheMetadataOfARun(t *testing.T) {
	t.Parallel()
	for _, cluster := range []string{"", "east"} {
		f := newFleet(t)
		f.Templates = kept(t, "")
		object := f.rollout("shop", func(r *v1alpha1.Rollout) {
			delete(r.Annotations, v1alpha1.AnnotationCluster)
			if cluster != "" {
				r.Annotations[v1alpha1.AnnotationCluster] = cluster
			}
		})
		facts := rollout.Facts{Rollout: object, New: &appsv1.ReplicaSet{}, Runs: map[string]*v1alpha1.AnalysisRun{}}
		f.must(f.begin(t.Context(), &facts, rollout.Run{Name: "run", Kind: v1alpha1.RolloutTypeStep, Analysis: &v1alpha1.RolloutAnalysis{
			Templates:           []v1alpha1.AnalysisTemplateRef{{TemplateName: "web"}},
			AnalysisRunMetadata: &v1alpha1.AnalysisRunMetadata{Annotations: map[string]string{v1alpha1.AnnotationCluster: "west"}},
		}}))
		run, err := f.client.ArgoprojV1alpha1().AnalysisRuns("shop").Get(t.Context(), "run", metav1.GetOptions{})
		f.must(err)
		if got := run.Annotations[v1alpha1.AnnotationCluster]; got != cluster {
			t.Errorf("the run of a Rollout in %q is in %q", cluster, got)
		}
	}
}
