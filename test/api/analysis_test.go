// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	cliflag "k8s.io/component-base/cli/flag"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func TestTheExampleOfAnAnalysisIsMeasured(t *testing.T) {
	t.Parallel()
	measured := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"rates": {"errors": 0.01}}`))
	}))
	t.Cleanup(measured.Close)
	product := server.NewAssembly()
	var flags cliflag.NamedFlagSets
	product.AddFlags(&flags)
	must(t, flags.FlagSet("reconcilers").Set("analysis-allow-loopback", "true"))
	dir := t.TempDir()
	own := apiserver.Start(t, apiserver.Options{Assembly: product, Configure: func(o *server.Options) {
		o.Controllers, o.DataDir = []string{"analysisrun"}, dir
	}})

	text, err := os.ReadFile(filepath.Join("..", "..", "artifacts", "examples", "analysisrun.yaml"))
	must(t, err)
	run := &v1alpha1.AnalysisRun{}
	must(t, yaml.UnmarshalStrict(text, run))
	run.Spec.Args[0].Value = &measured.URL
	runs := clientOf(t, own.Config).ArgoprojV1alpha1().AnalysisRuns(newNamespace())
	_, err = runs.Create(t.Context(), run, metav1.CreateOptions{})
	must(t, err)
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true,
		func(ctx context.Context) (bool, error) {
			run, err = runs.Get(ctx, run.Name, metav1.GetOptions{})
			return err == nil && run.Status.Phase.Completed(), err
		}))
	want := v1alpha1.RunSummary{Count: 1, Successful: 1}
	if diff := cmp.Diff(want, run.Status.RunSummary); diff != "" || run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("%s %s, summary (-want +got):\n%s", run.Status.Phase, run.Status.Message, diff)
	}
	if count := run.Status.MetricResults[0].Count; count != 3 {
		t.Errorf("%d measurements, want 3", count)
	}
}
