// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PullRequestGenerator gives one set for each open pull request; one of its providers is set.
type PullRequestGenerator struct {
	// github reads from GitHub.
	// +optional
	Github *PullRequestGeneratorGithub `json:"github,omitempty"`
	// gitlab reads from GitLab.
	// +optional
	GitLab *PullRequestGeneratorGitLab `json:"gitlab,omitempty"`
	// gitea reads from Gitea.
	// +optional
	Gitea *PullRequestGeneratorGitea `json:"gitea,omitempty"`
	// bitbucketServer reads from Bitbucket Server.
	// +optional
	BitbucketServer *PullRequestGeneratorBitbucketServer `json:"bitbucketServer,omitempty"`
	// filters select pull requests; one of them must match.
	// +optional
	// +listType=atomic
	Filters []PullRequestGeneratorFilter `json:"filters,omitzero"`
	// requeueAfterSeconds is the time after which the generator runs again, in seconds.
	// +optional
	RequeueAfterSeconds *int64 `json:"requeueAfterSeconds,omitempty"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// bitbucket reads from Bitbucket Cloud.
	// +optional
	Bitbucket *PullRequestGeneratorBitbucket `json:"bitbucket,omitempty"`
	// azuredevops reads from Azure DevOps.
	// +optional
	AzureDevOps *PullRequestGeneratorAzureDevOps `json:"azuredevops,omitempty"`
	// values are further parameters, as values.KEY; they may use the others.
	// +optional
	Values map[string]string `json:"values,omitzero"`
	// continueOnRepoNotFoundError takes a missing repository for one without pull requests.
	// +optional
	ContinueOnRepoNotFoundError *bool `json:"continueOnRepoNotFoundError,omitempty"`
}

// PullRequestGeneratorGitea reads the pull requests of a Gitea repository.
type PullRequestGeneratorGitea struct {
	// owner is the user or organization.
	// +optional
	Owner string `json:"owner,omitempty"`
	// repo is the repository.
	// +optional
	Repo string `json:"repo,omitempty"`
	// api is the URL of the API.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// insecure leaves the server certificate unchecked.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// labels are labels that a pull request must carry, all of them.
	// +optional
	// +listType=atomic
	Labels []string `json:"labels,omitzero"`
}

// PullRequestGeneratorAzureDevOps reads the pull requests of an Azure DevOps repository.
type PullRequestGeneratorAzureDevOps struct {
	// organization is the organization.
	// +optional
	Organization string `json:"organization,omitempty"`
	// project is the project.
	// +optional
	Project string `json:"project,omitempty"`
	// repo is the repository.
	// +optional
	Repo string `json:"repo,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// labels are labels that a pull request must carry, all of them.
	// +optional
	// +listType=atomic
	Labels []string `json:"labels,omitzero"`
}

// PullRequestGeneratorGithub reads the pull requests of a GitHub repository.
type PullRequestGeneratorGithub struct {
	// owner is the user or organization.
	// +optional
	Owner string `json:"owner,omitempty"`
	// repo is the repository.
	// +optional
	Repo string `json:"repo,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// appSecretName names the Secret of a GitHub App in the repo-creds form.
	// +optional
	AppSecretName string `json:"appSecretName,omitempty"`
	// labels are labels that a pull request must carry, all of them.
	// +optional
	// +listType=atomic
	Labels []string `json:"labels,omitzero"`
}

// PullRequestGeneratorGitLab reads the merge requests of a GitLab project.
type PullRequestGeneratorGitLab struct {
	// project is the ID or path of the project.
	// +optional
	Project string `json:"project,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// labels are labels that a pull request must carry, all of them.
	// +optional
	// +listType=atomic
	Labels []string `json:"labels,omitzero"`
	// pullRequestState is opened, closed, merged or locked; empty means all.
	// +optional
	PullRequestState string `json:"pullRequestState,omitempty"`
	// insecure leaves the server certificate unchecked.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// caRef holds the certificates that the server is checked against.
	// +optional
	CARef *ConfigMapKeyRef `json:"caRef,omitempty"`
}

// PullRequestGeneratorBitbucketServer reads the pull requests of a Bitbucket Server repository.
type PullRequestGeneratorBitbucketServer struct {
	// project is the project.
	// +optional
	Project string `json:"project,omitempty"`
	// repo is the repository.
	// +optional
	Repo string `json:"repo,omitempty"`
	// api is the URL of the API.
	// +optional
	API string `json:"api,omitempty"`
	// basicAuth is a user and password.
	// +optional
	BasicAuth *BasicAuthBitbucketServer `json:"basicAuth,omitempty"`
	// bearerToken is a token.
	// +optional
	BearerToken *BearerTokenBitbucket `json:"bearerToken,omitempty"`
	// insecure leaves the server certificate unchecked.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// caRef holds the certificates that the server is checked against.
	// +optional
	CARef *ConfigMapKeyRef `json:"caRef,omitempty"`
}

// PullRequestGeneratorBitbucket reads the pull requests of a Bitbucket Cloud repository.
type PullRequestGeneratorBitbucket struct {
	// owner is the workspace.
	// +optional
	Owner string `json:"owner,omitempty"`
	// repo is the repository.
	// +optional
	Repo string `json:"repo,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// basicAuth is a user and password.
	// +optional
	BasicAuth *BasicAuthBitbucketServer `json:"basicAuth,omitempty"`
	// bearerToken is a token.
	// +optional
	BearerToken *BearerTokenBitbucketCloud `json:"bearerToken,omitempty"`
}

// BearerTokenBitbucket is a token for Bitbucket Server.
type BearerTokenBitbucket struct {
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
}

// BearerTokenBitbucketCloud is a token for Bitbucket Cloud.
type BearerTokenBitbucketCloud struct {
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
}

// BasicAuthBitbucketServer is a user and password for Bitbucket.
type BasicAuthBitbucketServer struct {
	// username is the user.
	// +optional
	Username string `json:"username,omitempty"`
	// passwordRef holds the password.
	// +optional
	PasswordRef *SecretRef `json:"passwordRef,omitempty"`
}

// PullRequestGeneratorFilter selects pull requests; all its parts must match.
type PullRequestGeneratorFilter struct {
	// branchMatch is a regular expression of the source branch.
	// +optional
	BranchMatch *string `json:"branchMatch,omitempty"`
	// targetBranchMatch is a regular expression of the target branch.
	// +optional
	TargetBranchMatch *string `json:"targetBranchMatch,omitempty"`
	// titleMatch is a regular expression of the title.
	// +optional
	TitleMatch *string `json:"titleMatch,omitempty"`
}
