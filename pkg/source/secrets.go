// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	secretTypeLabel      = "argocd.argoproj.io/secret-type"
	secretTypeRepository = "repository"
	secretTypeTemplate   = "repo-creds"
)

// unsupported lists keys of kinds of credentials that cannot be used, with their names.
func unsupported() [][2]string {
	return [][2]string{
		{"gcpServiceAccountKey", "a Google service account"},
		{"azureServicePrincipalClientSecret", "an Azure service principal"},
	}
}

// CredentialsFrom returns the credentials that Secrets in Argo CD's layout hold for a
// repository: those of the repository Secret of the project, else of the one of no
// project, completed by the repo-creds Secret with the longest matching URL (as Argo CD
// 3.5: util/db/repository_secrets.go). No match gives the zero value. A Secret that
// matches but cannot be used gives an *Error that names it.
func CredentialsFrom(secrets []*corev1.Secret, repository, project string) (Credentials, error) {
	return credentialsAmong(secretsOfKind(secrets, "", "git"), repository, project)
}

// ChartCredentialsFrom does as CredentialsFrom for a repository of charts or a registry.
func ChartCredentialsFrom(secrets []*corev1.Secret, repository, project string) (Credentials, error) {
	return credentialsAmong(secretsOfKind(secrets, "helm", "oci"), repository, project)
}

func credentialsAmong(secrets []*corev1.Secret, repository, project string) (Credentials, error) {
	own := repositorySecret(secrets, repository, project)
	template := templateSecret(secrets, repository, project)
	credentials, err := credentialsOf(own)
	if err != nil {
		return Credentials{}, about(err, Normalize(repository), "")
	}
	if own != nil && !credentials.anonymous() || template == nil {
		return credentials, nil
	}
	inherited, err := credentialsOf(template)
	if err != nil {
		return Credentials{}, about(err, Normalize(repository), "")
	}
	return credentials.inherit(inherited), nil
}

// inherit takes what authenticates from a template; what the repository's own Secret says
// about the connection goes first. Whether a server is trusted is never a template's to say;
// that a registry talks without TLS is (as Argo CD 3.5: Repository.CopyCredentialsFrom).
func (c Credentials) inherit(template Credentials) Credentials {
	template.Insecure, template.InsecureIgnoreHostKey = c.Insecure, c.InsecureIgnoreHostKey
	template.LFS = c.LFS
	template.PlainHTTP = template.PlainHTTP || c.PlainHTTP
	template.Proxy = cmp.Or(c.Proxy, template.Proxy)
	template.NoProxy = cmp.Or(c.NoProxy, template.NoProxy)
	return template
}

func repositorySecret(secrets []*corev1.Secret, repository, project string) *corev1.Secret {
	var found *corev1.Secret
	for _, secret := range labelled(secrets, secretTypeRepository) {
		if chartURL(field(secret, "url")) != chartURL(repository) {
			continue
		}
		switch field(secret, "project") {
		case project:
			return secret
		case "":
			if found == nil {
				found = secret
			}
		}
	}
	return found
}

func templateSecret(secrets []*corev1.Secret, repository, project string) *corev1.Secret {
	var found *corev1.Secret
	longest := 0
	for _, secret := range labelled(secrets, secretTypeTemplate) {
		prefix := chartURL(field(secret, "url"))
		scope := field(secret, "project")
		if scope != "" && scope != project || len(prefix) <= longest {
			continue
		}
		if covers(prefix, chartURL(repository)) {
			found, longest = secret, len(prefix)
		}
	}
	return found
}

// covers tells whether a repository stands below a prefix. The host must match as a
// whole, else the credentials of git.example.com would go to git.example.com.evil.org.
func covers(prefix, repository string) bool {
	server, path := splitServer(prefix)
	of, at := splitServer(repository)
	return server == of && strings.HasPrefix(at, path)
}

// splitServer splits a normalized URL before its path. A URL that ends there was not
// normalized, so that it may still hold the port that its scheme has.
func splitServer(normal string) (server, path string) {
	scheme, rest, found := strings.Cut(normal, "://")
	if !found {
		scheme, rest = "ssh", normal
	}
	authority, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + strings.TrimSuffix(authority, ":"+defaultPorts(scheme)), path
}

// labelled returns the Secrets of one label, by namespace and name, so that the choice
// between two equal ones does not depend on the order of a list.
func labelled(secrets []*corev1.Secret, secretType string) []*corev1.Secret {
	var found []*corev1.Secret
	for _, secret := range secrets {
		if secret.Labels[secretTypeLabel] == secretType {
			found = append(found, secret)
		}
	}
	slices.SortFunc(found, func(a, b *corev1.Secret) int { return strings.Compare(secretName(a), secretName(b)) })
	return found
}

// secretsOfKind returns the Secrets whose type is one of kinds.
func secretsOfKind(secrets []*corev1.Secret, kinds ...string) []*corev1.Secret {
	var found []*corev1.Secret
	for _, secret := range secrets {
		if slices.Contains(kinds, field(secret, "type")) {
			found = append(found, secret)
		}
	}
	return found
}

func credentialsOf(secret *corev1.Secret) (Credentials, error) {
	if secret == nil {
		return Credentials{}, nil
	}
	name := secretName(secret)
	for _, key := range unsupported() {
		if field(secret, key[0]) != "" {
			return Credentials{}, failure(Invalid, "Secret %s holds credentials of %s (key %s), which are not "+
				"supported: use username and password, bearerToken, sshPrivateKey or a GitHub App", name, key[1], key[0])
		}
	}
	flags := map[string]bool{}
	for _, key := range []string{
		"insecure", "insecureIgnoreHostKey", "forceHttpBasicAuth", "insecureOCIForceHttp", "useAzureWorkloadIdentity",
		"enableLfs",
	} {
		value, err := strconv.ParseBool(field(secret, key))
		if err != nil && field(secret, key) != "" {
			return Credentials{}, failure(Invalid, "Secret %s: %s is neither true nor false", name, key)
		}
		flags[key] = value
	}
	if flags["useAzureWorkloadIdentity"] {
		return Credentials{}, failure(Invalid, "Secret %s asks for Azure workload identity, which is not "+
			"supported: use username and password, bearerToken, sshPrivateKey or a GitHub App", name)
	}
	app, err := appOf(secret)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{
		App:                   app,
		Secret:                name,
		Username:              field(secret, "username"),
		Password:              field(secret, "password"),
		BearerToken:           field(secret, "bearerToken"),
		ForceBasic:            flags["forceHttpBasicAuth"],
		SSHPrivateKey:         string(secret.Data["sshPrivateKey"]),
		TLSClientCert:         string(secret.Data["tlsClientCertData"]),
		TLSClientKey:          string(secret.Data["tlsClientCertKey"]),
		Insecure:              flags["insecure"],
		InsecureIgnoreHostKey: flags["insecureIgnoreHostKey"],
		PlainHTTP:             flags["insecureOCIForceHttp"],
		LFS:                   flags["enableLfs"],
		Proxy:                 field(secret, "proxy"),
		NoProxy:               field(secret, "noProxy"),
	}, nil
}

// appOf reads the keys of a GitHub App. Half of them are an error: without one of the two
// that matter the repository would be read as nobody.
func appOf(secret *corev1.Secret) (GitHubApp, error) {
	app := GitHubApp{
		PrivateKey: field(secret, "githubAppPrivateKey"),
		BaseURL:    field(secret, "githubAppEnterpriseBaseUrl"),
	}
	for key, id := range map[string]*int64{
		"githubAppID": &app.ID, "githubAppInstallationID": &app.Installation,
	} {
		value, err := strconv.ParseInt(cmp.Or(field(secret, key), "0"), 10, 64)
		if err != nil || value < 0 {
			return GitHubApp{}, failure(Invalid, "Secret %s: %s is not a number", secretName(secret), key)
		}
		*id = value
	}
	if (app.ID == 0) != (app.PrivateKey == "") {
		return GitHubApp{}, failure(Invalid, "Secret %s: githubAppID and githubAppPrivateKey go together: set both",
			secretName(secret))
	}
	return app, nil
}

func field(secret *corev1.Secret, key string) string {
	return strings.TrimSpace(string(secret.Data[key]))
}

func secretName(secret *corev1.Secret) string { return secret.Namespace + "/" + secret.Name }
