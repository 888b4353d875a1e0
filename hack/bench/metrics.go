// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// metricsReader may read what the server tells of itself, profiles included.
const metricsReader = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: metrics, namespace: argocd}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: metrics},
  rules: [{nonResourceURLs: [/metrics, /debug/*], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: metrics},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics},
  subjects: [{kind: ServiceAccount, name: metrics, namespace: argocd}]}
`

const (
	applicationsResource = "applications"
	renders              = "capstan_render_duration_seconds_count"
	bytes                = "capstan_cluster_bytes_total"
)

// metrics is a scrape: the lines by name and labels.
type metrics []string

// total adds a metric up over its labels.
func (m metrics) total(name string) int {
	var total float64
	for _, line := range m {
		if rest, found := strings.CutPrefix(line, name); found && (rest[0] == ' ' || rest[0] == '{') {
			total += valueOf(line)
		}
	}
	return int(total)
}

// writes are the requests to the store that write, by resource.
func (m metrics) writes() map[string]int {
	writes := map[string]int{}
	for _, line := range m {
		if !strings.HasPrefix(line, "etcd_requests_total{") {
			continue
		}
		switch label(line, "operation") {
		case "create", "update", "delete":
			writes[label(line, "resource")] += int(valueOf(line))
		}
	}
	return writes
}

func label(line, name string) string {
	_, rest, _ := strings.Cut(line, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func valueOf(line string) float64 {
	value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
	if err != nil {
		return 0
	}
	return value
}

// scrape reads the server's metrics.
func (b *bench) scrape(ctx context.Context) (metrics, error) {
	text, err := b.fetch(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	var lines metrics
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func (b *bench) fetch(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.world.Capstan.URL()+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	response, err := b.direct.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read from.
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", path, response.Status, text)
	}
	return text, err
}

// profile records the server's CPU until stop is called, and its heap then, where profiles
// were asked for.
func (b *bench) profile(ctx context.Context, name string) (stop func()) {
	if b.settings.profiles == "" {
		return func() {}
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
			}
			if !b.keep(ctx, fmt.Sprintf("%s.%02d.cpu", name, i), "/debug/pprof/profile?seconds=2") {
				return
			}
		}
	}()
	return func() {
		close(over)
		<-done
		b.keep(ctx, name+".heap", "/debug/pprof/heap")
		b.keep(ctx, name+".allocs", "/debug/pprof/allocs")
	}
}

// keep writes a profile to a file; one that is lost costs no result.
func (b *bench) keep(ctx context.Context, name, path string) bool {
	data, err := b.fetch(ctx, path)
	if err == nil {
		err = os.MkdirAll(b.settings.profiles, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(b.settings.profiles, name), data, 0o644)
	}
	return err == nil
}
