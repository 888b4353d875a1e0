// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

var errOwnAccounts = errors.New("in the namespace of Capstan itself no account is read but those that all share: " +
	"use another namespace")

// Accounts finds the Secrets that hold accounts with vendors of metrics. An account is sent to no address but the one
// that its own Secret names, or the vendor's where it names none: a metric cannot send it elsewhere.
type Accounts struct {
	// Secrets are those of the host cluster; nil where there is none.
	Secrets corev1client.SecretsGetter
	// Namespace is the control-plane namespace, whose accounts of the vendors' own names all tenants share.
	Namespace string
	// Given are shared accounts that the server's environment holds, by the vendor's own name. They come before Secrets.
	Given map[string]map[string]string
}

// account is what one Secret says.
type account map[string]string

// find returns the account of a name: that of the run's namespace, else the one that all share, which has the vendor's
// own name. One that must not be read is no reason to take another: the numbers would be of something else.
func (a Accounts) find(ctx context.Context, run *v1alpha1.AnalysisRun, name, shared string) (account, error) {
	if run.Namespace != a.Namespace && a.Secrets != nil {
		found, err := a.read(ctx, run.Namespace, name)
		if err == nil || !apierrors.IsNotFound(err) {
			return found, err
		}
	}
	if name != shared && run.Namespace == a.Namespace {
		return nil, errOwnAccounts
	}
	if name != shared {
		return nil, fmt.Errorf(
			"the Secret %q with the account is not in the namespace of the analysis: create it there", name)
	}
	if given := a.Given[name]; given != nil {
		return given, nil
	}
	found, err := a.read(ctx, a.Namespace, name)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("there is no Secret %q with an account, neither in the namespace of the analysis nor in that "+
			"of Capstan: create one", name)
	}
	return found, err
}

// own returns the account of a name in the run's namespace.
func (a Accounts) own(ctx context.Context, run *v1alpha1.AnalysisRun, name string) (account, error) {
	return a.find(ctx, run, name, "")
}

func (a Accounts) read(ctx context.Context, namespace, name string) (account, error) {
	if a.Secrets == nil {
		return nil, errors.New("this server has no cluster to read Secrets from")
	}
	secret, err := a.Secrets.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	return accountOf(secret), nil
}

// accountOf leaves out the line that is often at the end of a value by accident, which no header takes.
func accountOf(secret *corev1.Secret) account {
	found := make(account, len(secret.Data))
	for key, value := range secret.Data {
		found[key] = strings.TrimSpace(string(value))
	}
	return found
}

// need fails where an account lacks one of some keys.
func (a account) need(keys ...string) error {
	for _, key := range keys {
		if a[key] == "" {
			return fmt.Errorf("the Secret with the account has no %s", key)
		}
	}
	return nil
}

// hide takes what authenticates out of a measurement: a server may answer with what it was sent.
func (a account) hide(measured v1alpha1.Measurement, keys ...string) v1alpha1.Measurement {
	secrets := make([]string, 0, len(keys))
	for _, key := range keys {
		secrets = append(secrets, a[key])
	}
	return analysis.NewRedactor(secrets...).Measurement(measured)
}

// Lookup returns the value of an environment variable, and whether there is one.
type Lookup func(name string) (string, bool)

// GivenAccounts returns the accounts that environment variables hold, as with the peer: one of Datadog, if all of its
// variables are there.
func GivenAccounts(lookup Lookup) map[string]map[string]string {
	found := map[string]string{}
	for key, variable := range map[string]string{
		"address": "DD_ADDRESS", "api-key": "DD_API_KEY", "app-key": "DD_APP_KEY",
	} {
		value, is := lookup(variable)
		if !is {
			return nil
		}
		found[key] = value
	}
	return map[string]map[string]string{datadogSecret: found}
}
