// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ProjectRole is a named set of rights on a project's Applications.
type ProjectRole struct {
	// name is the role's name.
	Name string `json:"name"`
	// description says what the role is for.
	// +optional
	Description string `json:"description,omitempty"`
	// policies are rules in Casbin form.
	// +optional
	// +listType=atomic
	Policies []string `json:"policies,omitzero"`
	// jwtTokens are the tokens that were issued for the role.
	// +optional
	// +listType=atomic
	JWTTokens []JWTToken `json:"jwtTokens,omitzero"`
	// groups are groups of users that have the role.
	// +optional
	// +listType=atomic
	Groups []string `json:"groups,omitzero"`
}

// JWTTokens is a list of tokens.
type JWTTokens struct {
	// items are the tokens.
	// +optional
	// +listType=atomic
	Items []JWTToken `json:"items,omitzero"`
}

// JWTToken is what is known of an issued token.
type JWTToken struct {
	// iat is when it was issued, in seconds since 1970.
	IssuedAt int64 `json:"iat"`
	// exp is when it ends, in seconds since 1970; absent means never.
	// +optional
	ExpiresAt *int64 `json:"exp,omitempty"`
	// id is its identifier.
	// +optional
	ID string `json:"id,omitempty"`
}

// SyncWindows are times at which syncs are allowed or denied.
type SyncWindows []SyncWindow

// SyncWindow is a time at which syncs are allowed or denied.
type SyncWindow struct {
	// kind is allow or deny.
	// +optional
	Kind string `json:"kind,omitempty"`
	// schedule is when it opens, in cron form.
	// +optional
	Schedule string `json:"schedule,omitempty"`
	// duration is how long it stays open.
	// +optional
	Duration string `json:"duration,omitempty"`
	// applications are globs of the Applications that it is for.
	// +optional
	// +listType=atomic
	Applications []string `json:"applications,omitzero"`
	// namespaces are globs of the destination namespaces that it is for.
	// +optional
	// +listType=atomic
	Namespaces []string `json:"namespaces,omitzero"`
	// clusters are globs of the clusters that it is for.
	// +optional
	// +listType=atomic
	Clusters []string `json:"clusters,omitzero"`
	// manualSync lets people sync at any time.
	// +optional
	ManualSync *bool `json:"manualSync,omitempty"`
	// timeZone is the IANA name of the schedule's time zone; empty means UTC.
	// +optional
	TimeZone string `json:"timeZone,omitempty"`
	// andOperator asks for applications, namespaces and clusters to match together, not one of them.
	// +optional
	UseAndOperator *bool `json:"andOperator,omitempty"`
	// description says what the window is for.
	// +optional
	Description string `json:"description,omitempty"`
	// syncOverrun lets a sync that has begun go on when the window no longer allows it.
	// +optional
	SyncOverrun *bool `json:"syncOverrun,omitempty"`
}

// SignatureKey is a key that commits may be signed with.
type SignatureKey struct {
	// keyID is the key's identifier.
	KeyID string `json:"keyID"`
}

// SourceIntegrity holds rules on signatures of sources.
type SourceIntegrity struct {
	// git holds rules on Git sources.
	// +optional
	Git *SourceIntegrityGit `json:"git,omitempty"`
}

// SourceIntegrityGit holds rules on signatures of commits and tags.
type SourceIntegrityGit struct {
	// policies are the rules, each for some repositories.
	// +optional
	// +listType=atomic
	Policies []SourceIntegrityGitPolicy `json:"policies,omitzero"`
}

// SourceIntegrityGitPolicy is a rule for some repositories.
type SourceIntegrityGitPolicy struct {
	// repos select the repositories.
	// +optional
	// +listType=atomic
	Repos []SourceIntegrityGitPolicyRepo `json:"repos,omitzero"`
	// gpg asks for GnuPG signatures.
	// +optional
	GPG *SourceIntegrityGitPolicyGPG `json:"gpg,omitempty"`
}

// SourceIntegrityGitPolicyRepo selects repositories.
type SourceIntegrityGitPolicyRepo struct {
	// url is a glob of the URL.
	URL string `json:"url"`
}

// SourceIntegrityGitPolicyGPG asks for GnuPG signatures by some keys.
type SourceIntegrityGitPolicyGPG struct {
	// mode says which commits must be signed.
	Mode SourceIntegrityGitPolicyGPGMode `json:"mode"`
	// keys are the identifiers of the keys.
	// +optional
	// +listType=atomic
	Keys []string `json:"keys,omitzero"`
}

// SourceIntegrityGitPolicyGPGMode says which commits must be signed.
type SourceIntegrityGitPolicyGPGMode string

// The modes: none, the synced revision alone, or its whole history.
const (
	SourceIntegrityGitPolicyGPGModeNone   SourceIntegrityGitPolicyGPGMode = "none"
	SourceIntegrityGitPolicyGPGModeHead   SourceIntegrityGitPolicyGPGMode = "head"
	SourceIntegrityGitPolicyGPGModeStrict SourceIntegrityGitPolicyGPGMode = "strict"
)
