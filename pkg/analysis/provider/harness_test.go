// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// metricOf reads a metric as a user writes it.
func metricOf(t *testing.T, text string) v1alpha1.Metric {
	t.Helper()
	var metric v1alpha1.Metric
	if err := yaml.Unmarshal([]byte(text), &metric); err != nil {
		t.Fatal(err)
	}
	return metric
}

// here lets providers ask the servers of tests.
func here() Network { return Network{Loopback: true} }

// told is what a measurement says, in one line.
func told(measured v1alpha1.Measurement) string {
	return fmt.Sprintf("%s %s %s", measured.Phase, measured.Value, measured.Message)
}

// startPrometheus starts a Prometheus, the installed one or else one that is built here, and returns its address.
func startPrometheus(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(config, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It finds a free port, no more.
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, prometheusBinary(t), "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	if err := server.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = server.Wait()
	})
	waitReady(t, "http://"+address+"/-/ready")
	return "http://" + address
}

func prometheusBinary(t *testing.T) string {
	t.Helper()
	found, err := exec.LookPath("prometheus")
	if err == nil {
		return found
	}
	if !errors.Is(err, exec.ErrNotFound) {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(root, "_output", "promtool", "prometheus")
	build := exec.CommandContext(t.Context(), "go", "-C", filepath.Join(root, "hack", "promtool"), "build",
		"-tags", "remove_all_sd", "-o", built, "github.com/prometheus/prometheus/cmd/prometheus")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build prometheus: %v\n%s", err, out)
	}
	return built
}

func waitReady(t *testing.T, address string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true,
		func(ctx context.Context) (bool, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				return false, err
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return false, nil //nolint:nilerr // It does not listen yet.
			}
			return response.StatusCode == http.StatusOK, response.Body.Close()
		})
	if err != nil {
		t.Fatalf("%s is not ready: %v", address, err)
	}
}
