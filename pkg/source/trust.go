// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Trust is what servers are recognised by, from Argo CD's ConfigMaps.
type Trust struct {
	// KnownHosts are the host keys of SSH servers, as in a known_hosts file.
	KnownHosts string
	// Certificates are bundles of CA certificates in PEM, by host name.
	Certificates map[string]string
}

// TrustFrom reads the ConfigMaps argocd-ssh-known-hosts-cm (key ssh_known_hosts) and
// argocd-tls-certs-cm (keys are host names); either may be nil.
func TrustFrom(knownHosts, certificates *corev1.ConfigMap) Trust {
	var trust Trust
	if knownHosts != nil {
		trust.KnownHosts = knownHosts.Data["ssh_known_hosts"]
	}
	if certificates != nil {
		trust.Certificates = certificates.Data
	}
	return trust
}

// Trusting returns the credentials with what applies of trust to the server of the
// repository.
func (c Credentials) Trusting(trust Trust, repository string) Credentials {
	at, err := parseLocation(repository)
	if err != nil {
		at, err = parseChartLocation(repository)
	}
	if err != nil {
		return c
	}
	if api, err := url.Parse(c.App.api()); err == nil && c.byApp() {
		c.App.CA = trust.Certificates[strings.ToLower(api.Hostname())]
	}
	switch at.scheme {
	case "ssh":
		c.KnownHosts = trust.KnownHosts
	case "https", "oci":
		c.CA = trust.Certificates[at.host]
	}
	return c
}
