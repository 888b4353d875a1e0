// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/test/harness/capstan"
)

// listed is how many Applications the lists hold.
const listed = 10_000

// lists reads many Applications as clients do: kubectl's table by pages of 500, and all of
// them as JSON at once.
func (b *bench) lists(ctx context.Context) ([]result, error) {
	if err := b.createListed(ctx); err != nil {
		return nil, err
	}
	const path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
	var results []result
	for _, read := range []struct{ name, accept, query string }{
		{"table", "application/json;as=Table;v=v1;g=meta.k8s.io", "?limit=500"},
		{"JSON", "application/json", "?resourceVersion=0"},
	} {
		m, err := b.begin(ctx, "list-"+read.name)
		if err != nil {
			return results, err
		}
		began := time.Now()
		bytes, rows, err := b.readAll(ctx, path+read.query, read.accept)
		r := result{Applied: time.Since(began).Seconds(), Note: fmt.Sprintf("%s of %d, %d KB", read.name, rows, bytes>>10)}
		if err == nil && rows != listed+b.made {
			err = fmt.Errorf("the list holds %d Applications, want %d", rows, listed+b.made)
		}
		if err != nil {
			return append(results, r), err
		}
		r.Cost, err = m.end(ctx, 0)
		if results = append(results, r); err != nil {
			return results, err
		}
	}
	return results, b.removeListed(ctx)
}

// readAll reads a list page by page.
func (b *bench) readAll(ctx context.Context, path, accept string) (bytes, rows int, err error) {
	client := b.capstan.ArgoprojV1alpha1().RESTClient()
	for next := ""; ; {
		request := client.Get().RequestURI(path).SetHeader("Accept", accept)
		if next != "" {
			request.Param("continue", next)
		}
		data, err := request.Do(ctx).Raw()
		if err != nil {
			return bytes, rows, err
		}
		var page struct {
			Metadata    metav1.ListMeta
			Rows, Items []json.RawMessage
		}
		if err := json.Unmarshal(data, &page); err != nil {
			return bytes, rows, err
		}
		bytes, rows = bytes+len(data), rows+len(page.Rows)+len(page.Items)
		if next = page.Metadata.Continue; next == "" {
			return bytes, rows, nil
		}
	}
}

func listedName(i int) string { return fmt.Sprintf("listed-%05d", i) }

// createListed makes Applications that are compared and never synced.
func (b *bench) createListed(ctx context.Context) error {
	group, creating := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	applications := b.capstan.ArgoprojV1alpha1().Applications(capstan.Namespace)
	var keys []string
	for i := range listed {
		app := b.application(0)
		app.Name, app.Spec.SyncPolicy = listedName(i), nil
		keys = append(keys, appKey(app.Name))
		group.Go(func() error {
			_, err := applications.Create(creating, app, metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	compared := func(value string) bool {
		return strings.HasPrefix(value, "OutOfSync/") || strings.HasPrefix(value, "Synced/")
	}
	_, err := b.tracker.until(ctx, compared, keys...)
	return err
}

func (b *bench) removeListed(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i := range listed {
		group.Go(func() error { return b.removeApplication(ctx, listedName(i)) })
	}
	return group.Wait()
}
