// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SyncPolicy says when and how a sync is made.
type SyncPolicy struct {
	// automated, where present, syncs without being asked.
	// +optional
	Automated *SyncPolicyAutomated `json:"automated,omitempty"`
	// syncOptions are options of every sync, as Key=value.
	// +optional
	// +listType=atomic
	SyncOptions SyncOptions `json:"syncOptions,omitzero"`
	// retry says how a failed sync is tried again.
	// +optional
	Retry *RetryStrategy `json:"retry,omitempty"`
	// managedNamespaceMetadata is set on the namespace that CreateNamespace=true makes.
	// +optional
	ManagedNamespaceMetadata *ManagedNamespaceMetadata `json:"managedNamespaceMetadata,omitempty"`
}

// SyncOptions are options of a sync, as Key=value.
type SyncOptions []string

// SyncPolicyAutomated is the behaviour of syncs that nobody asked for.
type SyncPolicyAutomated struct {
	// prune deletes objects that are no longer in the source.
	// +optional
	Prune *bool `json:"prune,omitempty"`
	// selfHeal reverts changes that were made in the destination.
	// +optional
	SelfHeal *bool `json:"selfHeal,omitempty"`
	// allowEmpty lets a sync delete every object where the source renders none.
	// +optional
	AllowEmpty *bool `json:"allowEmpty,omitempty"`
	// enabled switches automated syncs on; absent means true.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
}

// RetryStrategy says how often and when a failed sync is tried again.
type RetryStrategy struct {
	// limit is how often a sync is tried again: 0 never, a negative number for ever.
	// +optional
	Limit *int64 `json:"limit,omitempty"`
	// backoff is the time between the attempts.
	// +optional
	Backoff *Backoff `json:"backoff,omitempty"`
	// refresh lets a further attempt take the newest revision rather than the one that failed.
	// +optional
	Refresh *bool `json:"refresh,omitempty"`
}

// Backoff is a time that grows by a factor with every attempt.
type Backoff struct {
	// duration is the time before the first retry, as a Go duration; a bare number means seconds.
	// +optional
	Duration string `json:"duration,omitempty"`
	// factor multiplies the time after each retry.
	// +optional
	Factor *int64 `json:"factor,omitempty"`
	// maxDuration is the longest time between two attempts.
	// +optional
	MaxDuration string `json:"maxDuration,omitempty"`
}

// ManagedNamespaceMetadata is what a namespace that Capstan creates carries.
type ManagedNamespaceMetadata struct {
	// labels are set on the namespace.
	// +optional
	Labels map[string]string `json:"labels,omitzero"`
	// annotations are set on the namespace.
	// +optional
	Annotations map[string]string `json:"annotations,omitzero"`
}
