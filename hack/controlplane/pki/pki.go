// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pki issues the certificates of one cluster.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const leafLifetime = 365 * 24 * time.Hour

// Authority signs certificates; its certificate and key are files, so that it outlives a restart.
type Authority struct {
	dir, name string
	cert      *x509.Certificate
	key       crypto.Signer
}

// Pair is a certificate and its private key, PEM-encoded.
type Pair struct {
	Cert, Key []byte
}

// Subject says for whom a certificate is. A subject with Hosts is a server's, one without is a client's.
type Subject struct {
	User   string
	Groups []string
	Hosts  []string
}

// LoadAuthority reads <name>.crt and <name>.key in the folder, or makes them.
func LoadAuthority(dir, name string) (*Authority, error) {
	a := &Authority{dir: dir, name: name}
	if err := loadKey(a); err != nil {
		return nil, err
	}
	if found, err := cert.CertsFromFile(a.CertFile()); err == nil {
		a.cert = found[0]
		return a, nil
	}
	made, err := cert.NewSelfSignedCACert(cert.Config{CommonName: name}, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", name, err)
	}
	a.cert = made
	if err := os.WriteFile(a.CertFile(), a.CertPEM(), 0o600); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return a, nil
}

func loadKey(a *Authority) error {
	path := filepath.Join(a.dir, a.name+".key")
	data, _, err := keyutil.LoadOrGenerateKeyFile(path)
	if err != nil {
		return fmt.Errorf("key of %s: %w", a.name, err)
	}
	key, err := keyutil.ParsePrivateKeyPEM(data)
	if err != nil {
		return fmt.Errorf("parse %s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return fmt.Errorf("parse %s: a key of type %T cannot sign", path, key)
	}
	a.key = signer
	return nil
}

// CertFile returns the path of the authority's certificate.
func (a *Authority) CertFile() string { return filepath.Join(a.dir, a.name+".crt") }

// CertPEM returns the authority's certificate.
func (a *Authority) CertPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: a.cert.Raw})
}

// Issue signs a new certificate that is valid for a year.
func (a *Authority) Issue(subject Subject) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("key of %s: %w", subject.User, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Pair{}, fmt.Errorf("serial number of %s: %w", subject.User, err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template(subject, serial), a.cert, key.Public(), a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("sign %s: %w", subject.User, err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encode the key of %s: %w", subject.User, err)
	}
	return Pair{Cert: pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: der}), Key: keyPEM}, nil
}

// Write signs a new certificate and stores it beside the authority as <name>.crt and <name>.key.
func (a *Authority) Write(name string, subject Subject) error {
	pair, err := a.Issue(subject)
	if err != nil {
		return err
	}
	for extension, data := range map[string][]byte{".crt": pair.Cert, ".key": pair.Key} {
		if err := os.WriteFile(filepath.Join(a.dir, name+extension), data, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

func template(subject Subject, serial *big.Int) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: subject.User, Organization: subject.Groups},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, host := range subject.Hosts {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	return t
}
