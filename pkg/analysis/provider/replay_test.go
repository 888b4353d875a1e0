// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// exchange is a request as a vendor documents it, and the answer.
type exchange struct {
	Request struct {
		Method, URL string
		// Headers are those that matter.
		Headers map[string]string
		// Body is JSON, or the text of a string.
		Body json.RawMessage
	}
	Answer struct {
		Status int
		// Body is JSON, or the lines of a text.
		Body  json.RawMessage
		Lines []string
	}
}

// replay starts a server that answers as recorded in files of testdata, to these requests in this order and to no other.
func replay(t *testing.T, names ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(replayer(t, names...))
	t.Cleanup(server.Close)
	return server
}

// replayer answers as recorded in files of testdata.
func replayer(t *testing.T, names ...string) http.Handler {
	t.Helper()
	expected := make([]exchange, len(names))
	for i, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&expected[i]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var mu sync.Mutex
	t.Cleanup(func() {
		if len(expected) > 0 {
			t.Errorf("%d requests were not made", len(expected))
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if len(expected) == 0 {
			t.Errorf("a request too many: %s %s", r.Method, r.URL)
			return
		}
		next := expected[0]
		expected = expected[1:]
		compare(t, next, r)
		w.WriteHeader(next.Answer.Status)
		_, _ = w.Write(next.Answer.Body)
		_, _ = w.Write([]byte(strings.Join(next.Answer.Lines, "\r\n")))
	})
}

// compare says how a request differs from the recorded one.
func compare(t *testing.T, want exchange, got *http.Request) {
	t.Helper()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Error(err)
	}
	seen := map[string]any{"method": got.Method, "url": got.URL.String(), "body": decoded(body)}
	wanted := map[string]any{
		"method": want.Request.Method, "url": want.Request.URL, "body": decoded(want.Request.Body),
	}
	for name, value := range want.Request.Headers {
		seen[name], wanted[name] = got.Header.Get(name), value
	}
	if diff := cmp.Diff(wanted, seen); diff != "" {
		t.Errorf("the request (-want +got):\n%s", diff)
	}
}

func decoded(text []byte) any {
	var value any
	if json.Unmarshal(text, &value) == nil {
		return value
	}
	return string(text)
}

// recorded is the time at which all exchanges took place.
func recorded() clock.PassiveClock {
	return clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
}

// tenant is a run of a tenant.
func tenant() *v1alpha1.AnalysisRun {
	return &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "run", UID: "uid"}}
}

// secret makes a Secret of keys and values in turn.
func secret(namespace, name string, keysAndValues ...string) *corev1.Secret {
	made := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for pair := range slices.Chunk(keysAndValues, 2) {
		made.Data[pair[0]] = []byte(pair[1])
	}
	return made
}

// accounts finds Secrets, with Capstan in the namespace argocd.
func accounts(secrets ...*corev1.Secret) Accounts {
	var objects []runtime.Object
	for _, each := range secrets {
		objects = append(objects, each)
	}
	return Accounts{Secrets: kubefake.NewClientset(objects...).CoreV1(), Namespace: "argocd"}
}
