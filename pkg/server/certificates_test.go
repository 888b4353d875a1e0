// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
)

const day = 24 * time.Hour

func replica(client *fake.Clientset, clock *clocktesting.FakePassiveClock) *servingCertificates {
	return &servingCertificates{
		secrets: client.CoreV1().Secrets("argocd"),
		names:   []string{"capstan-apiserver.argocd.svc", "localhost"}, clock: clock,
	}
}

// verify checks a replica's certificate as the host's aggregator does.
func verify(t *testing.T, c *servingCertificates, bundle []byte, now time.Time) error {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		t.Fatal("the bundle holds no certificate")
	}
	_, err := serving(t, c).Verify(x509.VerifyOptions{
		Roots: roots, DNSName: "capstan-apiserver.argocd.svc", CurrentTime: now,
	})
	return err
}

func serving(t *testing.T, c *servingCertificates) *x509.Certificate {
	t.Helper()
	certificatePEM, keyPEM := c.CurrentCertKeyContent()
	parsed, err := parseIssuer(certificatePEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.certificate
}

func pass(t *testing.T, c *servingCertificates) {
	t.Helper()
	if err := c.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestServingCertificate(t *testing.T) {
	t.Parallel()
	t.Run("is verified by the bundle at every hour of three years", func(t *testing.T) {
		t.Parallel()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		clock := clocktesting.NewFakePassiveClock(now)
		c := replica(fake.NewClientset(), clock)
		issuers, leaves := map[string]bool{}, map[string]bool{}
		pass(t, c)
		stale := c.Bundle()
		for ; clock.Now().Before(now.Add(3 * 365 * day)); clock.SetTime(clock.Now().Add(6 * time.Hour)) {
			pass(t, c)
			// The host still has the bundle of six hours ago.
			if err := verify(t, c, stale, clock.Now()); err != nil {
				t.Fatalf("at %s: %v", clock.Now(), err)
			}
			stale = c.Bundle()
			leaf := serving(t, c)
			issuers[leaf.Issuer.CommonName], leaves[leaf.SerialNumber.String()] = true, true
		}
		if len(issuers) < 3 || len(leaves) < 36 {
			t.Errorf("%d authorities signed %d certificates, want a rotation of both", len(issuers), len(leaves))
		}
	})
	t.Run("is replaced ten days before its end and listeners are told", func(t *testing.T) {
		t.Parallel()
		clock := clocktesting.NewFakePassiveClock(time.Now())
		c := replica(fake.NewClientset(), clock)
		pass(t, c)
		told := &listener{}
		c.AddListener(told)
		first := serving(t, c)
		clock.SetTime(first.NotAfter.Add(-leafRenewal - time.Minute))
		pass(t, c)
		if told.times != 0 || !serving(t, c).Equal(first) {
			t.Error("replaced too early")
		}
		clock.SetTime(first.NotAfter.Add(-leafRenewal + time.Minute))
		pass(t, c)
		if told.times != 1 || serving(t, c).Equal(first) {
			t.Errorf("not replaced in time, or listeners were told %d times", told.times)
		}
	})
	t.Run("outlives a long sleep of the server", func(t *testing.T) {
		t.Parallel()
		clock := clocktesting.NewFakePassiveClock(time.Now())
		c := replica(fake.NewClientset(), clock)
		pass(t, c)
		clock.SetTime(clock.Now().Add(3 * 365 * day))
		pass(t, c)
		if err := verify(t, c, c.Bundle(), clock.Now()); err != nil {
			t.Error(err)
		}
	})
}

type listener struct{ times int }

func (l *listener) Enqueue() { l.times++ }

func TestSharedAuthority(t *testing.T) {
	t.Parallel()
	t.Run("lets each replica verify the other", func(t *testing.T) {
		t.Parallel()
		client, clock := fake.NewClientset(), clocktesting.NewFakePassiveClock(time.Now())
		one, two := replica(client, clock), replica(client, clock)
		pass(t, one)
		pass(t, two)
		if err := verify(t, two, one.Bundle(), clock.Now()); err != nil {
			t.Error(err)
		}
	})
	t.Run("is the winner's when two replicas make it at a time", func(t *testing.T) {
		t.Parallel()
		client, clock := fake.NewClientset(), clocktesting.NewFakePassiveClock(time.Now())
		winner, loser := replica(client, clock), replica(client, clock)
		pass(t, winner)
		looked := false
		client.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			if looked {
				return false, nil, nil
			}
			looked = true
			return true, nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, servingSecret)
		})
		pass(t, loser)
		if diff := cmp.Diff(winner.Bundle(), loser.Bundle()); diff != "" || len(loser.Bundle()) == 0 {
			t.Errorf("bundles differ (-winner +loser):\n%s", diff)
		}
	})
	t.Run("is not written again while nothing is due", func(t *testing.T) {
		t.Parallel()
		client, clock := fake.NewClientset(), clocktesting.NewFakePassiveClock(time.Now())
		c := replica(client, clock)
		pass(t, c)
		client.ClearActions()
		pass(t, c)
		for _, action := range client.Actions() {
			if action.GetVerb() != "get" {
				t.Errorf("an idle pass made a request: %s", action.GetVerb())
			}
		}
	})
	t.Run("is not guessed at when the Secret is damaged", func(t *testing.T) {
		t.Parallel()
		client, clock := fake.NewClientset(), clocktesting.NewFakePassiveClock(time.Now())
		c := replica(client, clock)
		pass(t, c)
		secret, err := client.CoreV1().Secrets("argocd").Get(t.Context(), servingSecret, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		secret.Data[secretCurrentKey] = []byte("broken")
		if _, err := client.CoreV1().Secrets("argocd").Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := replica(client, clock).RunOnce(t.Context()); err == nil {
			t.Error("a damaged Secret was taken")
		}
	})
}
