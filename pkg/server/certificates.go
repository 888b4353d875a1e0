// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

const (
	// servingSecret holds the authority that every replica signs its own serving certificate with.
	servingSecret = "capstan-serving"
	// certificateInterval is how often rotation is considered.
	certificateInterval = 10 * time.Minute

	secretCurrentCert  = "ca.crt"
	secretCurrentKey   = "ca.key"
	secretNextCert     = "next.crt"
	secretNextKey      = "next.key"
	secretPreviousCert = "previous.crt"
)

// servingCertificates makes and rotates the serving certificate of this replica.
type servingCertificates struct {
	secrets corev1client.SecretInterface
	names   []string
	clock   clock.PassiveClock

	leaf   atomic.Pointer[leaf]
	bundle atomic.Pointer[[]byte]

	// mu serializes passes and guards listeners.
	mu        sync.Mutex
	listeners []dynamiccertificates.Listener
}

var (
	_ dynamiccertificates.CertKeyContentProvider = &servingCertificates{}
	_ dynamiccertificates.ControllerRunner       = &servingCertificates{}
)

// Name implements dynamiccertificates.CertKeyContentProvider.
func (c *servingCertificates) Name() string {
	return "serving-certificate"
}

// CurrentCertKeyContent implements dynamiccertificates.CertKeyContentProvider.
func (c *servingCertificates) CurrentCertKeyContent() (certificate, key []byte) {
	if current := c.leaf.Load(); current != nil {
		return current.certificate, current.key
	}
	return nil, nil
}

// Bundle is the PEM bundle that clients verify this server with, nil before the first pass.
func (c *servingCertificates) Bundle() []byte {
	if bundle := c.bundle.Load(); bundle != nil {
		return *bundle
	}
	return nil
}

// AddListener implements dynamiccertificates.Notifier.
func (c *servingCertificates) AddListener(listener dynamiccertificates.Listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, listener)
}

// Run implements dynamiccertificates.ControllerRunner.
func (c *servingCertificates) Run(ctx context.Context, _ int) {
	ticker := time.NewTicker(certificateInterval)
	defer ticker.Stop()
	for {
		if err := c.RunOnce(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Serving certificate", "secret", servingSecret)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// RunOnce implements dynamiccertificates.ControllerRunner: it reads the shared authority, rotates it and renews the
// serving certificate where they are due.
func (c *servingCertificates) RunOnce(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	shared, err := c.sharedAuthority(ctx, now)
	if err != nil {
		return err
	}
	bundle := shared.bundle()
	c.bundle.Store(&bundle)
	if !c.leaf.Load().due(shared.current, now) {
		return nil
	}
	renewed, err := shared.current.issue(c.names, now)
	if err != nil {
		return err
	}
	c.leaf.Store(renewed)
	for _, listener := range c.listeners {
		listener.Enqueue()
	}
	return nil
}

// sharedAuthority reads the Secret and writes what rotation changes. The replica that loses a race takes the
// winner's.
func (c *servingCertificates) sharedAuthority(ctx context.Context, now time.Time) (authority, error) {
	const attempts = 5
	for range attempts {
		secret, found, err := c.secret(ctx)
		if err != nil {
			return authority{}, err
		}
		stored, err := parseAuthority(secret.Data)
		if err != nil {
			return authority{}, fmt.Errorf("the Secret %s is damaged, delete it to have it made again: %w", servingSecret, err)
		}
		rotated, changed, err := stored.rotate(now)
		if err != nil || !changed {
			return rotated, err
		}
		if err = c.save(ctx, secret, found, rotated); err == nil {
			return rotated, nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return authority{}, fmt.Errorf("write the Secret %s: %w", servingSecret, err)
		}
	}
	return authority{}, errors.New("the Secret " + servingSecret + " keeps changing")
}

func (c *servingCertificates) secret(ctx context.Context) (secret *corev1.Secret, found bool, err error) {
	secret, err = c.secrets.Get(ctx, servingSecret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: servingSecret}}, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the Secret %s: %w", servingSecret, err)
	}
	return secret, true, nil
}

func (c *servingCertificates) save(ctx context.Context, secret *corev1.Secret, found bool, a authority) (err error) {
	if secret.Data, err = a.data(); err != nil {
		return err
	}
	if found {
		_, err = c.secrets.Update(ctx, secret, metav1.UpdateOptions{})
	} else {
		_, err = c.secrets.Create(ctx, secret, metav1.CreateOptions{})
	}
	return err
}

func parseAuthority(data map[string][]byte) (a authority, err error) {
	if a.current, err = parseIssuer(data[secretCurrentCert], data[secretCurrentKey]); err != nil {
		return authority{}, fmt.Errorf("%s and %s: %w", secretCurrentCert, secretCurrentKey, err)
	}
	if a.next, err = parseIssuer(data[secretNextCert], data[secretNextKey]); err != nil {
		return authority{}, fmt.Errorf("%s and %s: %w", secretNextCert, secretNextKey, err)
	}
	if pem := data[secretPreviousCert]; len(pem) > 0 {
		previous, err := certutil.ParseCertsPEM(pem)
		if err != nil {
			return authority{}, fmt.Errorf("%s: %w", secretPreviousCert, err)
		}
		a.previous = previous[0]
	}
	return a, nil
}

// data is the content of the Secret.
func (a authority) data() (map[string][]byte, error) {
	data := map[string][]byte{}
	if err := a.current.put(data, secretCurrentCert, secretCurrentKey); err != nil {
		return nil, err
	}
	if a.next != nil {
		if err := a.next.put(data, secretNextCert, secretNextKey); err != nil {
			return nil, err
		}
	}
	if a.previous != nil {
		pem, err := certutil.EncodeCertificates(a.previous)
		if err != nil {
			return nil, err
		}
		data[secretPreviousCert] = pem
	}
	return data, nil
}

func (i *issuer) put(data map[string][]byte, certificateName, keyName string) (err error) {
	if data[certificateName], err = certutil.EncodeCertificates(i.certificate); err != nil {
		return err
	}
	data[keyName], err = keyutil.MarshalPrivateKeyToPEM(i.key)
	return err
}
