// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/capstan-dev/capstan/test/harness/capstan"
)

const (
	servingSecret = "capstan-serving"
	day           = 24 * time.Hour
)

// issuer is an authority of the Secret from which all replicas sign their certificates.
type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func (s *story) issuer(name string) issuer {
	s.Helper()
	secret := &corev1.Secret{}
	s.OK(json.Unmarshal([]byte(s.Kubectl(s.hub, "get", "secret", servingSecret, "-n", argocd, "-o", "json")), secret))
	certificates, err := certutil.ParseCertsPEM(secret.Data[name+".crt"])
	s.OK(err)
	key, err := keyutil.ParsePrivateKeyPEM(secret.Data[name+".key"])
	s.OK(err)
	signer, signs := key.(crypto.Signer)
	if !signs {
		s.Fatalf("%s.key is %T", name, key)
	}
	return issuer{certificates[0], signer}
}

// age lets time go by for an authority of the Secret: it is as it was, and was made so much
// earlier. What it signed is still verified by it, as its name and its key are the same.
func (s *story) age(name string, of issuer, by time.Duration) {
	s.Helper()
	older := *of.certificate
	older.NotBefore, older.NotAfter = older.NotBefore.Add(-by), older.NotAfter.Add(-by)
	der, err := x509.CreateCertificate(rand.Reader, &older, &older, of.key.Public(), of.key)
	s.OK(err)
	certificate, err := x509.ParseCertificate(der)
	s.OK(err)
	pem, err := certutil.EncodeCertificates(certificate)
	s.OK(err)
	s.Kubectl(s.hub, "patch", "secret", servingSecret, "-n", argocd, "--type=merge", "-p",
		fmt.Sprintf(`{"data":{"%s.crt":%q}}`, name, base64.StdEncoding.EncodeToString(pem)))
}

// trusts waits until both APIServices are verified by that many authorities, the first of a name.
func (s *story) trusts(count int, first string) {
	s.Helper()
	hub := s.dial(s.config())
	for _, service := range []string{"v1alpha1.argoproj.io", "v1alpha1.capstan.dev"} {
		s.Eventually(service+" is verified by what "+first+" signed", func() bool {
			bundle, err := hub.bundle(s.Context(), service)
			s.OK(err)
			certificates, err := certutil.ParseCertsPEM(bundle)
			s.OK(err)
			return len(certificates) == count && certificates[0].Subject.CommonName == first
		})
	}
}

// served returns the certificate that a replica serves, verified by a bundle as the hub does.
func served(ctx context.Context, replica *capstan.Replica, bundle []byte) (*x509.Certificate, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	dialer := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{RootCAs: roots, ServerName: serverName}}
	connection, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(replica.URL(), "https://"))
	if err != nil {
		return nil, err
	}
	defer connection.Close() //nolint:errcheck // the handshake is all that it was for.
	secure, isTLS := connection.(*tls.Conn)
	if !isTLS {
		return nil, fmt.Errorf("a connection of type %T", connection)
	}
	return secure.ConnectionState().PeerCertificates[0], nil
}

// verify connects to replicas anew, again and again, with the bundle of the moment.
func (s *story) verify(replicas ...*capstan.Replica) (verified func()) {
	s.Helper()
	hub := s.dial(s.config())
	return s.keep(200*time.Millisecond, func(ctx context.Context) error {
		bundle, err := hub.bundle(ctx, "v1alpha1.argoproj.io")
		if err != nil {
			return err
		}
		for _, replica := range replicas {
			if _, err := served(ctx, replica, bundle); err != nil {
				return err
			}
		}
		return nil
	})
}

// replace ends a replica in order and starts it again, as a new Pod does: it looks at the authority at once.
func (s *story) replace(replica *capstan.Replica) {
	s.Helper()
	s.OK(replica.Stop())
	s.OK(stage.Replicas.Start(s.Context()))
}

// A year of the authority goes by in a minute: it gets a successor, the successor signs, and the
// old one is forgotten. New Pods see what is due when they start, the others as they run.
func TestCertificatesRotateWithoutAFailedRequest(t *testing.T) {
	s := begin(t, "rotation")
	leader, others := s.leader()
	replaced := others[0]
	answers, verified := s.call(), s.verify(leader, others[1])
	old := s.issuer("ca")
	name := old.certificate.Subject.CommonName

	s.age("ca", old, 300*day)
	s.replace(replaced)
	s.trusts(2, name)
	next := s.issuer("next")
	successor := next.certificate.Subject.CommonName
	if successor == name {
		t.Fatalf("the successor is called %s as well", name)
	}

	s.age("next", next, 25*time.Hour)
	s.trusts(2, successor)
	for _, replica := range stage.Replicas.All {
		s.Eventually(replica.URL()+" serves a certificate of the successor", func() bool {
			certificate, err := served(s.Context(), replica, s.trusted())
			s.OK(err)
			return certificate.Issuer.CommonName == successor
		})
	}

	s.age("previous", old, 400*day)
	s.replace(replaced)
	s.trusts(1, successor)
	verified()
	answers()
	s.end()
}
