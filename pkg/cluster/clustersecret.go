// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// secretConfig is the JSON in the key "config" of a cluster Secret, in Argo CD's words.
type secretConfig struct {
	Username        string `json:"username"`
	Password        string `json:"password"`
	BearerToken     string `json:"bearerToken"`
	TLSClientConfig struct {
		Insecure   bool   `json:"insecure"`
		ServerName string `json:"serverName"`
		CertData   []byte `json:"certData"`
		KeyData    []byte `json:"keyData"`
		CAData     []byte `json:"caData"`
	} `json:"tlsClientConfig"`
	AWSAuthConfig      json.RawMessage `json:"awsAuthConfig"`
	ExecProviderConfig json.RawMessage `json:"execProviderConfig"`
	DisableCompression bool            `json:"disableCompression"`
	ProxyURL           string          `json:"proxyUrl"`
}

// FromSecret reads a destination from a Secret in Argo CD's layout. Errors name the key of
// the Secret or the field of its config and never quote a value.
func FromSecret(secret *corev1.Secret) (Destination, error) {
	destination := Destination{
		Name:             strings.TrimSpace(string(secret.Data["name"])),
		Server:           strings.TrimRight(strings.TrimSpace(string(secret.Data["server"])), "/"),
		Secret:           secret.Name,
		Namespaces:       splitList(string(secret.Data["namespaces"])),
		ClusterResources: string(secret.Data["clusterResources"]) == "true",
		Project:          strings.TrimSpace(string(secret.Data["project"])),
		Labels:           secret.Labels,
		Annotations:      secret.Annotations,
	}
	config, err := restConfig(destination.Server, secret.Data["config"])
	if err != nil {
		return Destination{}, fmt.Errorf("cluster Secret %q: %w", secret.Name, err)
	}
	if destination.Name == "" {
		destination.Name = destination.Server
	}
	destination.Config = config
	return destination, nil
}

func restConfig(server string, raw []byte) (*rest.Config, error) {
	address, err := parseServer(server)
	if err != nil {
		return nil, err
	}
	parsed, err := parseConfig(raw)
	if err != nil {
		return nil, err
	}
	if server == InClusterServer && !parsed.hasCredentials() {
		return nil, nil
	}
	if address.Scheme == "http" && parsed.hasCredentials() {
		return nil, errors.New("server: credentials are only sent to an https URL")
	}
	config := &rest.Config{
		Host:               server,
		Username:           parsed.Username,
		Password:           parsed.Password,
		BearerToken:        parsed.BearerToken,
		DisableCompression: parsed.DisableCompression,
		TLSClientConfig: rest.TLSClientConfig{
			Insecure:   parsed.TLSClientConfig.Insecure,
			ServerName: parsed.TLSClientConfig.ServerName,
			CertData:   parsed.TLSClientConfig.CertData,
			KeyData:    parsed.TLSClientConfig.KeyData,
			CAData:     parsed.TLSClientConfig.CAData,
		},
	}
	if config.Proxy, err = parseProxy(parsed.ProxyURL); err != nil {
		return nil, err
	}
	return config, nil
}

// parseServer drops the error of url.Parse: it quotes the URL, which may hold a password.
func parseServer(server string) (*url.URL, error) {
	address, err := url.Parse(server)
	switch {
	case server == "":
		return nil, errors.New("server: is missing, set the URL of the API server")
	case err != nil || address.Host == "" || !slices.Contains([]string{"https", "http"}, address.Scheme):
		return nil, errors.New("server: must be a URL like https://host:6443")
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		return nil, errors.New("server: must hold neither user, query nor fragment")
	}
	return address, nil
}

// parseConfig refuses what would run a program: whoever may write a Secret must not
// thereby run commands in Capstan (as in CVE-2022-24817).
func parseConfig(raw []byte) (secretConfig, error) {
	var config secretConfig
	if len(raw) == 0 {
		return config, nil
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return config, configError(err)
	}
	tls := config.TLSClientConfig
	switch {
	case isSet(config.ExecProviderConfig):
		return config, errors.New("config.execProviderConfig: programs are not run, use bearerToken or certData")
	case isSet(config.AWSAuthConfig):
		return config, errors.New("config.awsAuthConfig: programs are not run, use bearerToken or certData")
	case tls.Insecure && len(tls.CAData) > 0:
		return config, errors.New("config.tlsClientConfig: insecure and caData exclude each other")
	case (len(tls.CertData) == 0) != (len(tls.KeyData) == 0):
		return config, errors.New("config.tlsClientConfig: certData and keyData are only valid together")
	case config.BearerToken != "" && config.Username != "":
		return config, errors.New("config: bearerToken and username exclude each other")
	}
	return config, nil
}

// configError keeps the field of a decoding error and drops its text: encoding/json
// quotes numbers, and a password may be written as one.
func configError(err error) error {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return fmt.Errorf("config.%s: must be a %s", mismatch.Field, mismatch.Type.Kind())
	}
	return errors.New("config: is not valid JSON, or a certificate or key in it is not base64")
}

func parseProxy(proxy string) (func(*http.Request) (*url.URL, error), error) {
	if proxy == "" {
		return nil, nil
	}
	address, err := url.Parse(proxy)
	if err != nil || address.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, address.Scheme) {
		return nil, errors.New("config.proxyUrl: must be an http, https or socks5 URL")
	}
	return http.ProxyURL(address), nil
}

func (c secretConfig) hasCredentials() bool {
	return c.Username != "" || c.Password != "" || c.BearerToken != "" || len(c.TLSClientConfig.KeyData) > 0
}

func isSet(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func splitList(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
