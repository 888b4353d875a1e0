// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/source"
)

const (
	// webhookPath is where Git servers tell of pushes, as in Argo CD.
	webhookPath = "/api/webhook"
	// webhookSecret and webhookKey name what pushes are signed with, as in Argo CD.
	webhookSecret = "argocd-secret"
	webhookKey    = "webhook.github.secret"
	// maxPush bounds a payload; GitHub sends at most 25 MiB.
	maxPush = 25 << 20
)

// webhook answers a signed push at once; what follows from it happens behind it.
func (c *control) webhook() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodPost {
			http.Error(w, "POST the payload of a push", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxPush))
		if err != nil {
			http.Error(w, "the payload is too large or was cut off", http.StatusRequestEntityTooLarge)
			return
		}
		secret, err := c.pushSecret(request)
		if err != nil {
			klog.FromContext(request.Context()).Error(err, "A push cannot be checked")
			http.Error(w, "pushes cannot be checked: see the server's log", http.StatusServiceUnavailable)
			return
		}
		push, err := source.ParsePush(request.Header, body, secret)
		switch {
		case errors.Is(err, source.ErrNotPush):
			w.WriteHeader(http.StatusNoContent)
		case errors.Is(err, source.ErrSignature):
			http.Error(w, err.Error(), http.StatusUnauthorized)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			c.pushed(request.Context(), push)
			w.WriteHeader(http.StatusAccepted)
		}
	})
}

func (c *control) pushSecret(request *http.Request) ([]byte, error) {
	if c.hostSecrets == nil {
		return nil, errors.New("there is no host cluster to read the webhook's secret from")
	}
	secret, err := c.hostSecrets.Get(request.Context(), webhookSecret, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return secret.Data[webhookKey], nil
}

// pushed wakes the Applications that read the repository.
func (c *control) pushed(ctx context.Context, push source.Push) {
	told := map[string]bool{}
	for _, url := range push.URLs {
		if told[source.Normalize(url)] {
			continue
		}
		told[source.Normalize(url)] = true
		c.repositories.Invalidate(url)
		if c.applications.Working() {
			go c.renderer.Expect(context.WithoutCancel(ctx))
			c.applications.RepositoryChanged(url)
		} else if err := c.passOn(ctx, url); err != nil {
			klog.FromContext(ctx).Error(err, "A push is seen at the next poll of its repository")
		}
	}
}

// passOn tells the replica that reconciles: one Application that is refreshed makes it ask the repository, and what
// it finds wakes the others.
func (c *control) passOn(ctx context.Context, url string) error {
	reader, found := c.applications.ReaderOf(url)
	if !found {
		return nil
	}
	_, err := c.client.ArgoprojV1alpha1().Applications(reader.Namespace).
		Refresh(ctx, reader.Name, &argov1alpha1.ApplicationRefresh{}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("refresh Application %s: %w", reader, err)
	}
	return nil
}
