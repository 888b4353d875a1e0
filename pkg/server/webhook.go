// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

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
			c.pushed(push)
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
func (c *control) pushed(push source.Push) {
	for _, url := range push.URLs {
		c.repositories.Invalidate(url)
		c.applications.RepositoryChanged(url)
	}
}
