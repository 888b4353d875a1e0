// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/source"
)

func secret(name, kind string, data ...string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: "argocd", Name: name, Labels: map[string]string{"argocd.argoproj.io/secret-type": kind},
	}, Data: map[string][]byte{}}
	for i := 0; i < len(data); i += 2 {
		s.Data[data[i]] = []byte(data[i+1])
	}
	return s
}

func TestCredentialsFrom(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		url, project string
		secrets      []*corev1.Secret
		want         source.Credentials
	}{
		"no Secret gives none": {"https://git.example.com/a", "", nil, source.Credentials{}},
		"a repository Secret matches in any case": {"https://GIT.example.com/Team/A", "", []*corev1.Secret{
			secret("a", "repository", "url", "https://git.example.com/team/a.git", "username", "u", "password", "p"),
		}, source.Credentials{Secret: "argocd/a", Username: "u", Password: "p"}},
		"the short form of SSH is the long one": {"git@git.example.com:team/a.git", "", []*corev1.Secret{
			secret("a", "repository", "url", "ssh://git@git.example.com/team/a", "sshPrivateKey", "k"),
		}, source.Credentials{Secret: "argocd/a", SSHPrivateKey: "k"}},
		"the Secret of the project goes first": {"https://h/a", "p1", []*corev1.Secret{
			secret("a", "repository", "url", "https://h/a", "password", "shared"),
			secret("b", "repository", "url", "https://h/a", "password", "own", "project", "p1"),
		}, source.Credentials{Secret: "argocd/b", Password: "own"}},
		"the Secret of another project is not used": {"https://h/a", "p2", []*corev1.Secret{
			secret("b", "repository", "url", "https://h/a", "password", "own", "project", "p1"),
			secret("c", "repo-creds", "url", "https://h", "password", "own", "project", "p1"),
		}, source.Credentials{}},
		"the longest template wins": {"https://h/team/a", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "https://h/team", "password", "long"),
			secret("b", "repo-creds", "url", "https://h", "password", "short"),
		}, source.Credentials{Secret: "argocd/a", Password: "long"}},
		"a template may end inside a name": {"https://h/team-one/a", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "https://h/team-", "password", "p"),
		}, source.Credentials{Secret: "argocd/a", Password: "p"}},
		"a template of a host is not for a longer host": {"https://git.example.com.evil.org/a", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "https://git.example.com", "password", "p"),
			secret("b", "repo-creds", "url", "https://git.example", "password", "p"),
			secret("c", "repo-creds", "url", "https://", "password", "p"),
			secret("d", "repo-creds", "url", "", "password", "p"),
		}, source.Credentials{}},
		"a template of a host is not for another port": {"https://h:8443/a", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "https://h", "password", "p"),
		}, source.Credentials{}},
		"a template completes a repository without credentials": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repository", "url", "https://h/a", "insecure", "true", "proxy", "http://proxy:1"),
			secret("b", "repo-creds", "url", "https://h", "bearerToken", "t"),
		}, source.Credentials{Secret: "argocd/b", BearerToken: "t", Insecure: true, Proxy: "http://proxy:1"}},
		"what a repository says about a proxy goes first": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repository", "url", "https://h/a", "noProxy", "x"),
			secret("b", "repo-creds", "url", "https://h", "password", "p", "proxy", "http://proxy:1", "noProxy", "y"),
		}, source.Credentials{Secret: "argocd/b", Password: "p", Proxy: "http://proxy:1", NoProxy: "x"}},
		"a template completes what a repository says about a proxy": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repository", "url", "https://h/a", "proxy", "http://own:1"),
			secret("b", "repo-creds", "url", "https://h", "password", "p", "proxy", "http://proxy:1", "noProxy", "y"),
		}, source.Credentials{Secret: "argocd/b", Password: "p", Proxy: "http://own:1", NoProxy: "y"}},
		"a template does not say that any server is trusted": {"https://h/a", "", []*corev1.Secret{
			secret("b", "repo-creds", "url", "https://h", "password", "p", "insecure", "true", "insecureIgnoreHostKey", "true"),
		}, source.Credentials{Secret: "argocd/b", Password: "p"}},
		"a template may end in the port that its scheme has": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "https://h:443/", "password", "p"),
		}, source.Credentials{Secret: "argocd/a", Password: "p"}},
		"a template of an SSH server covers both forms": {"git@h:team/a.git", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "ssh://git@h:22", "sshPrivateKey", "k"),
		}, source.Credentials{Secret: "argocd/a", SSHPrivateKey: "k"}},
		"a GitHub App of a template": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repo-creds", "url", "https://h", "githubAppID", "12", "githubAppInstallationID", "34",
				"githubAppPrivateKey", "k", "githubAppEnterpriseBaseUrl", "https://api"),
		}, source.Credentials{Secret: "argocd/a", App: source.GitHubApp{
			ID: 12, Installation: 34, PrivateKey: "k", BaseURL: "https://api",
		}}},
		"Secrets for Helm and OCI are for others": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repository", "url", "https://h/a", "type", "helm", "password", "p"),
			secret("b", "repo-creds", "url", "https://h", "type", "oci", "password", "p"),
		}, source.Credentials{}},
		"a Secret without the label is nobody's": {"https://h/a", "", []*corev1.Secret{
			secret("a", "", "url", "https://h/a", "password", "p"),
		}, source.Credentials{}},
		"every key that is supported is read": {"https://h/a", "", []*corev1.Secret{
			secret("a", "repository", "type", "git", "url", "https://h/a", "username", "u", "password", "p",
				"tlsClientCertData", "c", "tlsClientCertKey", "k", "insecureIgnoreHostKey", "true",
				"proxy", "http://x", "noProxy", "h2", "enableLfs", "true", "forceHttpBasicAuth", "true"),
		}, source.Credentials{Secret: "argocd/a", Username: "u", Password: "p", TLSClientCert: "c", TLSClientKey: "k",
			ForceBasic: true, InsecureIgnoreHostKey: true, Proxy: "http://x", NoProxy: "h2", LFS: true}},
		"a template does not ask for Git LFS": {"https://h/a", "", []*corev1.Secret{
			secret("b", "repo-creds", "url", "https://h", "password", "p", "enableLfs", "true"),
		}, source.Credentials{Secret: "argocd/b", Password: "p"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got, err := source.CredentialsFrom(test.secrets, test.url, test.project)
			if err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestCredentialsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for sentence, data := range map[string][]string{
		"a GitHub App without its number":   {"githubAppPrivateKey", "s3cret"},
		"a GitHub App without its key":      {"githubAppID", "12"},
		"a GitHub App whose number is none": {"githubAppPrivateKey", "s3cret", "githubAppID", "s3cret"},
		"an installation below zero":        {"githubAppPrivateKey", "s3cret", "githubAppID", "1", "githubAppInstallationID", "-1"},
		"a Google service account":          {"gcpServiceAccountKey", "s3cret"},
		"an Azure service principal":        {"azureServicePrincipalClientSecret", "s3cret"},
		"Azure workload identity":           {"useAzureWorkloadIdentity", "true"},
		"a flag that is none":               {"insecure", "s3cret"},
		"another that is none":              {"forceHttpBasicAuth", "s3cret"},
	} {
		for _, kind := range []string{"repository", "repo-creds"} {
			t.Run(sentence+" in a Secret of type "+kind, func(t *testing.T) {
				t.Parallel()
				secrets := []*corev1.Secret{secret("mine", kind, append(data, "url", "https://h/a")...)}
				_, err := source.CredentialsFrom(secrets, "https://h/a", "")
				if err == nil || !strings.Contains(err.Error(), "argocd/mine") || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v", err)
				}
				if _, err := source.CredentialsFrom(secrets, "https://h/b", ""); err != nil && kind == "repository" {
					t.Errorf("another repository fails: %v", err)
				}
			})
		}
	}
}
