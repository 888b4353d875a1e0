// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	authorityValidity = 365 * 24 * time.Hour
	// authorityOverlap is how long before its end an authority gets a successor.
	authorityOverlap = authorityValidity / 4
	// authorityNotice is how long a successor is in the bundle before it signs: every reader has the bundle by then.
	authorityNotice = 24 * time.Hour
	leafValidity    = 30 * 24 * time.Hour
	// leafRenewal is how long before its end a serving certificate is replaced.
	leafRenewal = 10 * 24 * time.Hour
	// clockSkew backdates certificates for readers whose clock is behind.
	clockSkew = 5 * time.Minute
)

// issuer is a certificate authority with its key.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// authority signs serving certificates. Its zero value has no issuer yet.
type authority struct {
	// current signs.
	current *issuer
	// next is published in the bundle and will sign.
	next *issuer
	// previous signed what may still be served.
	previous *x509.Certificate
}

// rotate returns the authority as it should be at a time, and whether that differs from the receiver.
func (a authority) rotate(now time.Time) (authority, bool, error) {
	switch {
	case a.current != nil && a.next != nil && now.Sub(a.next.certificate.NotBefore) > authorityNotice:
		return authority{current: a.next, previous: a.current.certificate}, true, nil
	case a.current == nil || now.After(a.current.certificate.NotAfter):
		// Nothing that the old issuer signed is valid any more, so there is nothing to overlap with.
		fresh, err := newIssuer(now)
		return authority{current: fresh}, true, err
	case a.next == nil && now.Add(authorityOverlap).After(a.current.certificate.NotAfter):
		successor, err := newIssuer(now)
		return authority{current: a.current, next: successor, previous: a.previous}, true, err
	case a.previous != nil && now.After(a.previous.NotAfter):
		return authority{current: a.current, next: a.next}, true, nil
	}
	return a, false, nil
}

// bundle is what clients verify serving certificates with, PEM encoded.
func (a authority) bundle() []byte {
	var certificates []*x509.Certificate
	if a.current != nil {
		certificates = append(certificates, a.current.certificate)
	}
	if a.next != nil {
		certificates = append(certificates, a.next.certificate)
	}
	if a.previous != nil {
		certificates = append(certificates, a.previous)
	}
	pem, _ := certutil.EncodeCertificates(certificates...) // What was parsed can be encoded.
	return pem
}

func newIssuer(now time.Time) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate the key of the serving authority: %w", err)
	}
	template, err := template(now, authorityValidity)
	if err != nil {
		return nil, err
	}
	template.Subject = pkix.Name{CommonName: fmt.Sprintf("capstan-serving@%d", now.Unix())}
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	certificate, err := sign(template, template, key, key)
	return &issuer{certificate: certificate, key: key}, err
}

// leaf is a serving certificate with its key, and the issuer's certificate that a renewal depends on.
type leaf struct {
	certificate, key []byte
	notAfter         time.Time
	issuer           *x509.Certificate
}

// issue makes a serving certificate for DNS names; it never outlives its issuer.
func (i *issuer) issue(names []string, now time.Time) (*leaf, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate a serving key: %w", err)
	}
	template, err := template(now, leafValidity)
	if err != nil {
		return nil, err
	}
	template.Subject = pkix.Name{CommonName: names[0]}
	template.DNSNames, template.IPAddresses = names, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if template.NotAfter.After(i.certificate.NotAfter) {
		template.NotAfter = i.certificate.NotAfter
	}
	certificate, err := sign(template, i.certificate, key, i.key)
	if err != nil {
		return nil, err
	}
	certificatePEM, err := certutil.EncodeCertificates(certificate)
	if err != nil {
		return nil, err
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	return &leaf{
		certificate: certificatePEM, key: keyPEM, notAfter: certificate.NotAfter, issuer: i.certificate,
	}, err
}

// due tells whether a serving certificate is to be replaced.
func (l *leaf) due(by *issuer, now time.Time) bool {
	return l == nil || !l.issuer.Equal(by.certificate) || now.Add(leafRenewal).After(l.notAfter)
}

func template(now time.Time, validity time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-clockSkew).UTC(), NotAfter: now.Add(validity).UTC(),
	}, nil
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// parseIssuer reads a PEM pair; both absent is no issuer.
func parseIssuer(certificatePEM, keyPEM []byte) (*issuer, error) {
	if len(certificatePEM) == 0 && len(keyPEM) == 0 {
		return nil, nil
	}
	certificates, err := certutil.ParseCertsPEM(certificatePEM)
	if err != nil {
		return nil, err
	}
	parsed, err := keyutil.ParsePrivateKeyPEM(keyPEM)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(certificates[0].PublicKey) {
		return nil, errors.New("the private key does not belong to the certificate")
	}
	return &issuer{certificate: certificates[0], key: key}, nil
}
