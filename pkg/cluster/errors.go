// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// NoKindError reports a kind that the cluster certainly does not serve.
type NoKindError struct {
	Cluster string
	Kind    schema.GroupVersionKind
}

// Error says what to do about it.
func (e *NoKindError) Error() string {
	return fmt.Sprintf("cluster %s serves no kind %s in %s; install its CustomResourceDefinition first",
		e.Cluster, e.Kind.Kind, e.Kind.GroupVersion())
}

// DiscoveryError reports a group whose kinds could not be read, so that nothing is known
// of them; retrying may help.
type DiscoveryError struct {
	Cluster string
	Group   string
	Err     error
}

// Error names the group.
func (e *DiscoveryError) Error() string {
	return fmt.Sprintf("cluster %s: kinds of API group %q cannot be read: %v", e.Cluster, e.Group, e.Err)
}

// Unwrap returns the cause.
func (e *DiscoveryError) Unwrap() error { return e.Err }

// UnreachableError reports a cluster that did not answer; it is tried again at RetryAt.
type UnreachableError struct {
	Cluster string
	Since   time.Time
	RetryAt time.Time
	Err     error
}

// Error names the cluster and the last failure.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("cluster %s is unreachable since %s: %v", e.Cluster, e.Since.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap returns the last failure.
func (e *UnreachableError) Unwrap() error { return e.Err }

// NotSyncedError reports kinds of which the cluster's objects are not known yet; nothing
// may be concluded about them. Subscribers are told when a kind becomes known.
type NotSyncedError struct {
	Cluster string
	// Kinds maps each kind to the reason, which is nil while its first list is under way.
	Kinds map[schema.GroupKind]error
}

// Error names the kinds and what holds them up.
func (e *NotSyncedError) Error() string {
	parts := make([]string, 0, len(e.Kinds))
	for _, kind := range sortedKinds(e.Kinds) {
		part := kind.String()
		if reason := e.Kinds[kind]; reason != nil {
			part += " (" + reason.Error() + ")"
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("cluster %s: objects are not read yet: %s", e.Cluster, strings.Join(parts, ", "))
}

// NotFoundError reports a destination that is not registered.
type NotFoundError struct {
	// Field is "server" or "name".
	Field string
	Value string
}

// Error says what to do about it.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no cluster has %s %q; add a Secret labelled argocd.argoproj.io/secret-type=cluster",
		e.Field, e.Value)
}

// AmbiguousNameError reports a name that several destinations share.
type AmbiguousNameError struct {
	Name    string
	Servers []string
}

// Error names the servers to choose from.
func (e *AmbiguousNameError) Error() string {
	return fmt.Sprintf("cluster name %q is used by %s; set destination.server instead",
		e.Name, strings.Join(e.Servers, " and "))
}

func isNoKind(err error) bool {
	var none *NoKindError
	return errors.As(err, &none)
}
