// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/keyutil"

	"github.com/capstan-dev/capstan/hack/controlplane/pki"
)

// Users of the components. The stage has a name of its own, so that an audit log tells its requests from others.
const (
	aggregatorUser = "system:aggregator"
	stageUser      = "capstan:pod-stage"
	mastersGroup   = "system:masters"
)

const (
	auditPolicyFile = "audit-policy.yaml"
	auditPolicy     = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`
)

// prepareFiles writes all that does not depend on the port.
func (c *Cluster) prepareFiles() error {
	if err := os.MkdirAll(c.pkiDir(), 0o700); err != nil {
		return fmt.Errorf("make the folder of cluster %s: %w", c.Name, err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, auditPolicyFile), []byte(auditPolicy), 0o600); err != nil {
		return fmt.Errorf("write the audit policy: %w", err)
	}
	if _, _, err := keyutil.LoadOrGenerateKeyFile(filepath.Join(c.pkiDir(), "service-account.key")); err != nil {
		return fmt.Errorf("key of service accounts: %w", err)
	}
	proxy, err := pki.LoadAuthority(c.pkiDir(), "proxy-ca")
	if err != nil {
		return err
	}
	if err = proxy.Write("proxy-client", pki.Subject{User: aggregatorUser}); err != nil {
		return err
	}
	if c.authority, err = pki.LoadAuthority(c.pkiDir(), "ca"); err != nil {
		return err
	}
	return c.authority.Write("apiserver", pki.Subject{User: "kube-apiserver", Hosts: []string{
		"127.0.0.1", "10.96.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local",
	}})
}

// prepareKubeconfigs writes what depends on the port and returns the stage's client configuration.
func (c *Cluster) prepareKubeconfigs() (*rest.Config, error) {
	for path, subject := range map[string]pki.Subject{
		Kubeconfig(c.root, c.Name): {User: "admin", Groups: []string{mastersGroup}},
		c.controllerKubeconfig():   {User: "system:kube-controller-manager"},
	} {
		config, err := c.kubeconfig(subject)
		if err != nil {
			return nil, err
		}
		// A file from before may be open to others; a new one is not.
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("replace %s: %w", path, err)
		}
		if err := clientcmd.WriteToFile(config, path); err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
	}
	stage, err := c.kubeconfig(pki.Subject{User: stageUser, Groups: []string{mastersGroup}})
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.NewDefaultClientConfig(stage, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("client of the pod stage: %w", err)
	}
	config.QPS = -1
	return config, nil
}

func (c *Cluster) kubeconfig(subject pki.Subject) (clientcmdapi.Config, error) {
	pair, err := c.authority.Issue(subject)
	if err != nil {
		return clientcmdapi.Config{}, err
	}
	config := clientcmdapi.NewConfig()
	config.CurrentContext = c.Name
	config.Contexts[c.Name] = &clientcmdapi.Context{Cluster: c.Name, AuthInfo: subject.User, Namespace: "default"}
	config.Clusters[c.Name] = &clientcmdapi.Cluster{Server: c.server(), CertificateAuthorityData: c.authority.CertPEM()}
	config.AuthInfos[subject.User] = &clientcmdapi.AuthInfo{ClientCertificateData: pair.Cert, ClientKeyData: pair.Key}
	return *config, nil
}
