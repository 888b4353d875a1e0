// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SCMProviderGenerator gives one set for each repository of an organization; one of its providers is set.
type SCMProviderGenerator struct {
	// github reads from GitHub.
	// +optional
	Github *SCMProviderGeneratorGithub `json:"github,omitempty"`
	// gitlab reads from GitLab.
	// +optional
	Gitlab *SCMProviderGeneratorGitlab `json:"gitlab,omitempty"`
	// bitbucket reads from Bitbucket Cloud.
	// +optional
	Bitbucket *SCMProviderGeneratorBitbucket `json:"bitbucket,omitempty"`
	// bitbucketServer reads from Bitbucket Server.
	// +optional
	BitbucketServer *SCMProviderGeneratorBitbucketServer `json:"bitbucketServer,omitempty"`
	// gitea reads from Gitea.
	// +optional
	Gitea *SCMProviderGeneratorGitea `json:"gitea,omitempty"`
	// azureDevOps reads from Azure DevOps.
	// +optional
	AzureDevOps *SCMProviderGeneratorAzureDevOps `json:"azureDevOps,omitempty"`
	// filters select repositories; one of them must match.
	// +optional
	// +listType=atomic
	Filters []SCMProviderGeneratorFilter `json:"filters,omitzero"`
	// cloneProtocol is ssh or https.
	// +optional
	CloneProtocol string `json:"cloneProtocol,omitempty"`
	// requeueAfterSeconds is the time after which the generator runs again, in seconds.
	// +optional
	RequeueAfterSeconds *int64 `json:"requeueAfterSeconds,omitempty"`
	// template overrides parts of the ApplicationSet's template.
	// +optional
	Template *ApplicationSetTemplate `json:"template,omitempty"`
	// values are further parameters, as values.KEY; they may use the others.
	// +optional
	Values map[string]string `json:"values,omitzero"`
	// awsCodeCommit reads from AWS CodeCommit.
	// +optional
	AWSCodeCommit *SCMProviderGeneratorAWSCodeCommit `json:"awsCodeCommit,omitempty"`
}

// SCMProviderGeneratorGitea reads the repositories of a Gitea owner.
type SCMProviderGeneratorGitea struct {
	// owner is the user or organization.
	// +optional
	Owner string `json:"owner,omitempty"`
	// api is the URL of the API.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
	// insecure leaves the server certificate unchecked.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// excludeArchivedRepos leaves out archived repositories.
	// +optional
	ExcludeArchivedRepos *bool `json:"excludeArchivedRepos,omitempty"`
}

// SCMProviderGeneratorGithub reads the repositories of a GitHub organization.
type SCMProviderGeneratorGithub struct {
	// organization is the organization.
	// +optional
	Organization string `json:"organization,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// appSecretName names the Secret of a GitHub App in the repo-creds form.
	// +optional
	AppSecretName string `json:"appSecretName,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
	// excludeArchivedRepos leaves out archived repositories.
	// +optional
	ExcludeArchivedRepos *bool `json:"excludeArchivedRepos,omitempty"`
}

// SCMProviderGeneratorGitlab reads the projects of a GitLab group.
type SCMProviderGeneratorGitlab struct {
	// group is the ID or path of the group.
	// +optional
	Group string `json:"group,omitempty"`
	// includeSubgroups reads subgroups too.
	// +optional
	IncludeSubgroups *bool `json:"includeSubgroups,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// tokenRef holds the access token.
	// +optional
	TokenRef *SecretRef `json:"tokenRef,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
	// insecure leaves the server certificate unchecked.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// includeSharedProjects reads projects shared with the group; absent means true.
	// +optional
	IncludeSharedProjects *bool `json:"includeSharedProjects,omitempty"`
	// topic keeps projects of one topic.
	// +optional
	Topic string `json:"topic,omitempty"`
	// caRef holds the certificates that the server is checked against.
	// +optional
	CARef *ConfigMapKeyRef `json:"caRef,omitempty"`
	// includeArchivedRepos reads archived projects too.
	// +optional
	IncludeArchivedRepos *bool `json:"includeArchivedRepos,omitempty"`
}

// SCMProviderGeneratorBitbucket reads the repositories of a Bitbucket Cloud workspace.
type SCMProviderGeneratorBitbucket struct {
	// owner is the workspace.
	// +optional
	Owner string `json:"owner,omitempty"`
	// user is the user who reads.
	// +optional
	User string `json:"user,omitempty"`
	// appPasswordRef holds the user's app password.
	// +optional
	AppPasswordRef *SecretRef `json:"appPasswordRef,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
}

// SCMProviderGeneratorBitbucketServer reads the repositories of a Bitbucket Server project.
type SCMProviderGeneratorBitbucketServer struct {
	// project is the project.
	// +optional
	Project string `json:"project,omitempty"`
	// api is the URL of the API.
	// +optional
	API string `json:"api,omitempty"`
	// basicAuth is a user and password.
	// +optional
	BasicAuth *BasicAuthBitbucketServer `json:"basicAuth,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
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

// SCMProviderGeneratorAzureDevOps reads the repositories of an Azure DevOps project.
type SCMProviderGeneratorAzureDevOps struct {
	// organization is the organization.
	// +optional
	Organization string `json:"organization,omitempty"`
	// api is the URL of the API; empty means the public service.
	// +optional
	API string `json:"api,omitempty"`
	// teamProject is the project.
	// +optional
	TeamProject string `json:"teamProject,omitempty"`
	// accessTokenRef holds the access token.
	// +optional
	AccessTokenRef *SecretRef `json:"accessTokenRef,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
}

// SCMProviderGeneratorAWSCodeCommit reads the repositories of an AWS account and region.
type SCMProviderGeneratorAWSCodeCommit struct {
	// tagFilters are tags that a repository must carry.
	// +optional
	// +listType=atomic
	TagFilters []TagFilter `json:"tagFilters,omitzero"`
	// role is the ARN of a role that is assumed.
	// +optional
	Role string `json:"role,omitempty"`
	// region is the region; empty means the own one.
	// +optional
	Region string `json:"region,omitempty"`
	// allBranches makes a set of parameters for every branch, not the default one alone.
	// +optional
	AllBranches *bool `json:"allBranches,omitempty"`
}

// TagFilter is a tag that a repository must carry.
type TagFilter struct {
	// key is the tag.
	Key string `json:"key"`
	// value is its value; empty means any.
	// +optional
	Value string `json:"value,omitempty"`
}

// SCMProviderGeneratorFilter selects repositories; all its parts must match.
type SCMProviderGeneratorFilter struct {
	// repositoryMatch is a regular expression of the name.
	// +optional
	RepositoryMatch *string `json:"repositoryMatch,omitempty"`
	// pathsExist are paths that must exist.
	// +optional
	// +listType=atomic
	PathsExist []string `json:"pathsExist,omitzero"`
	// pathsDoNotExist are paths that must not exist.
	// +optional
	// +listType=atomic
	PathsDoNotExist []string `json:"pathsDoNotExist,omitzero"`
	// labelMatch is a regular expression that one label must match.
	// +optional
	LabelMatch *string `json:"labelMatch,omitempty"`
	// branchMatch is a regular expression of the branch.
	// +optional
	BranchMatch *string `json:"branchMatch,omitempty"`
}
