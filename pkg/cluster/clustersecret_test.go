// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/cluster"
)

func clusterSecret(data map[string]string) *corev1.Secret {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "prod", Labels: map[string]string{"tier": "prod"}},
		Data:       map[string][]byte{},
	}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return secret
}

func TestFromSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data map[string]string
		want cluster.Destination
	}{
		"reads a token, a certificate authority and restrictions": {
			data: map[string]string{
				"name": "prod", "server": "https://prod:6443/", "namespaces": "b, a,b", "clusterResources": "true",
				"project": "shop", "config": `{"bearerToken":"t","tlsClientConfig":{"caData":"Y2E=","serverName":"kube"}}`,
			},
			want: cluster.Destination{
				Name: "prod", Server: "https://prod:6443", Namespaces: []string{"a", "b"}, ClusterResources: true, Project: "shop",
				Config: &rest.Config{
					Host: "https://prod:6443", BearerToken: "t",
					TLSClientConfig: rest.TLSClientConfig{ServerName: "kube", CAData: []byte("ca")},
				},
			},
		},
		"reads a client certificate, and takes the server for a name that is missing": {
			data: map[string]string{
				"server": "https://prod", "config": `{"tlsClientConfig":{"certData":"Yw==","keyData":"aw=="}}`,
			},
			want: cluster.Destination{
				Name: "https://prod", Server: "https://prod",
				Config: &rest.Config{
					Host: "https://prod", TLSClientConfig: rest.TLSClientConfig{CertData: []byte("c"), KeyData: []byte("k")},
				},
			},
		},
		"leaves the credentials of the hosting cluster to the host": {
			data: map[string]string{
				"name": "hub", "server": cluster.InClusterServer, "config": `{"execProviderConfig":null}`,
			},
			want: cluster.Destination{Name: "hub", Server: cluster.InClusterServer},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cluster.FromSecret(clusterSecret(test.data))
			if err != nil {
				t.Fatal(err)
			}
			test.want.Secret, test.want.Labels = "prod", map[string]string{"tier": "prod"}
			if diff := cmp.Diff(test.want, got, cmp.Comparer(sameSettings)); diff != "" {
				t.Errorf("destination (-want +got):\n%s", diff)
			}
		})
	}
}

// sameSettings compares the fields that these tests set.
func sameSettings(a, b *rest.Config) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Host == b.Host && a.BearerToken == b.BearerToken && cmp.Equal(a.TLSClientConfig, b.TLSClientConfig)
}

func TestFromSecretRefuses(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2"
	tests := map[string]struct {
		server, config string
		want           string
	}{
		"a missing server":             {config: "{}", want: "server: is missing"},
		"a server that is no URL":      {server: "https://a b:" + hidden, want: "server: must be a URL"},
		"a password in the server":     {server: "https://u:" + hidden + "@prod", want: "neither user"},
		"credentials over plain http":  {server: "http://prod", config: `{"bearerToken":"hunter2"}`, want: "https URL"},
		"a program to run":             {config: `{"execProviderConfig":{"env":"hunter2"}}`, want: "execProviderConfig"},
		"AWS credentials":              {config: `{"awsAuthConfig":{"clusterName":"hunter2"}}`, want: "config.awsAuthConfig"},
		"JSON that does not parse":     {config: `{"password":"hunter2`, want: "config: is not valid JSON"},
		"a password that is a number":  {config: `{"password":1234567}`, want: "config.password: must be a string"},
		"a key that is not base64":     {config: `{"tlsClientConfig":{"keyData":"hunter2!"}}`, want: "not base64"},
		"a certificate without a key":  {config: `{"tlsClientConfig":{"certData":"Yw=="}}`, want: "certData and keyData"},
		"an authority where insecure":  {config: `{"tlsClientConfig":{"insecure":true,"caData":"Yw=="}}`, want: "exclude"},
		"a token and a user":           {config: `{"bearerToken":"hunter2","username":"u"}`, want: "exclude"},
		"a proxy of an unknown scheme": {config: `{"proxyUrl":"ftp://u:hunter2@proxy"}`, want: "config.proxyUrl"},
		"a proxy that is no URL":       {config: `{"proxyUrl":"http://u:hunter2@a b"}`, want: "config.proxyUrl"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.server == "" && test.want != "server: is missing" {
				test.server = "https://prod"
			}
			_, err := cluster.FromSecret(clusterSecret(map[string]string{"server": test.server, "config": test.config}))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error is %v, want %q in it", err, test.want)
			}
			if strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), "1234567") {
				t.Errorf("error quotes a secret value: %v", err)
			}
		})
	}
}

func FuzzFromSecret(f *testing.F) {
	f.Add("https://prod", `{"bearerToken":"x","tlsClientConfig":{"caData":"Y2E="}}`, "hunter2")
	f.Add("https://prod", `{"tlsClientConfig":{"keyData":"%"}}`, "hunter2")
	f.Add("http://u:%@prod", `{"password":%}`, "hunter2")
	f.Fuzz(func(t *testing.T, server, config, password string) {
		// The mark stands in none of the messages.
		password = "\u2603" + strings.ToValidUTF8(password, "")
		quoted, err := json.Marshal(password)
		if err != nil {
			t.Fatal(err)
		}
		config = strings.ReplaceAll(config, "%", strings.Trim(string(quoted), `"`))
		server = strings.ReplaceAll(server, "%", password)
		destination, err := cluster.FromSecret(clusterSecret(map[string]string{"server": server, "config": config}))
		switch {
		case err != nil && strings.Contains(err.Error(), password):
			t.Errorf("error quotes the password: %v", err)
		case err == nil && destination.Config != nil && destination.Config.ExecProvider != nil:
			t.Error("a program would be run")
		}
	})
}
