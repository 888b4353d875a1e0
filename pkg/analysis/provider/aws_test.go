// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keys are an environment that holds keys.
func keys() Lookup {
	return variables(map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "the-secret",
		"AWS_SESSION_TOKEN": "the-session",
	})
}

func TestPrometheusIsAskedByASignedRequest(t *testing.T) {
	t.Parallel()
	answers := replayer(t, "aws/prometheus")
	var authorization string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		r.URL.RawQuery = ""
		if query := r.FormValue("query"); query != "up" {
			t.Errorf("the body asks %q", query)
		}
		answers.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	metric := metricOf(t, `{name: m, provider: {prometheus: {address: "`+server.URL+`/workspaces/ws-1", query: up,
		headers: [{key: X-Scope, value: team}], authentication: {sigv4: {region: us-east-1}}}}}`)
	measured := Prometheus{Network: here(), Identity: AWSOfEnvironment(keys())}.Measure(t.Context(), nil, metric)
	if got := told(measured); got != "Successful 1 " {
		t.Error(got)
	}
	for _, part := range []string{"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/", "/us-east-1/aps/aws4_request", "x-scope", "Signature="} {
		if !strings.Contains(authorization, part) {
			t.Errorf("the signature %q lacks %s", authorization, part)
		}
	}
}

func TestPrometheusIsNotSignedFor(t *testing.T) {
	t.Parallel()
	const managed = "https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1"
	cases := map[string]struct {
		identity             AWS
		address, sigv4, want string
	}{
		"another host":           {AWSOfEnvironment(keys()), "https://prometheus.example.com", `{region: r}`, errNotManaged.Error()},
		"a host of a tenant":     {AWSOfEnvironment(keys()), "https://aps-workspaces.us-east-1.elb.amazonaws.com", `{region: r}`, errNotManaged.Error()},
		"a host of a like name":  {AWSOfEnvironment(keys()), "https://aps-workspaces.us-east-1.amazonaws.com.example.com", `{region: r}`, errNotManaged.Error()},
		"who listens on the way": {AWSOfEnvironment(keys()), "http://aps-workspaces.us-east-1.amazonaws.com", `{region: r}`, errNotManaged.Error()},
		"nobody":                 {AWSOfEnvironment(variables(nil)), managed, `{region: r}`, errNoIdentity.Error()},
		"no region":              {AWSOfEnvironment(variables(nil)), managed, `{roleArn: r}`, "authentication.sigv4.region is missing, and AWS_REGION of the server as well"},
		"a profile":              {AWSOfEnvironment(keys()), managed, `{profile: p}`, "authentication.sigv4.profile is not supported: use roleArn"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {prometheus: {address: "`+tc.address+`", query: up, authentication: {sigv4: `+tc.sigv4+`}}}}`)
			if got := told(Prometheus{Identity: tc.identity}.Measure(t.Context(), nil, metric)); got != "Error  "+tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestTheServersRole(t *testing.T) {
	t.Parallel()
	server := replay(t, "aws/web_identity", "aws/role")
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("the-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	identity := AWSOfEnvironment(variables(map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_STS": server.URL,
		"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/capstan", "AWS_WEB_IDENTITY_TOKEN_FILE": token,
	}))
	for role, want := range map[string]string{"": "ASIAWEB", "arn:aws:iam::123456789012:role/reader": "ASIAROLE"} {
		provider, err := identity.as("eu-west-1", role)
		if err != nil {
			t.Fatal(err)
		}
		found, err := retrieve(t.Context(), provider)
		if err != nil || found.AccessKeyID != want {
			t.Errorf("%q: %s, %v", role, found.AccessKeyID, err)
		}
	}
}

func TestTheAgentOfAPod(t *testing.T) {
	t.Parallel()
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "the-token" {
			t.Errorf("the agent is told %q", got)
		}
		_, _ = w.Write([]byte(`{"AccessKeyId": "ASIAPOD", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}`))
	}))
	t.Cleanup(agent.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("the-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	provider, err := AWSOfEnvironment(variables(map[string]string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
	})).as("", "")
	if err != nil {
		t.Fatal(err)
	}
	if found, err := retrieve(t.Context(), provider); err != nil || found.AccessKeyID != "ASIAPOD" {
		t.Errorf("%s, %v", found.AccessKeyID, err)
	}
}
