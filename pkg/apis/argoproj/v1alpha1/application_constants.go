// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Names that have a meaning of their own in specs.
const (
	// DefaultProject is the AppProject of an Application that names none.
	DefaultProject = "default"
	// InClusterName is the name of the cluster that Capstan itself runs in.
	InClusterName = "in-cluster"
	// InClusterServer is the server of the cluster that Capstan itself runs in.
	InClusterServer = "https://kubernetes.default.svc"
)

// Annotations of Applications and ApplicationSets.
const (
	// AnnotationKeyRefresh asks for a comparison; its value is a RefreshType, and it is removed when done.
	AnnotationKeyRefresh = "argocd.argoproj.io/refresh"
	// AnnotationKeyHydrate asks for a hydration; its value is a HydrateType, and it is removed when done.
	AnnotationKeyHydrate = "argocd.argoproj.io/hydrate"
	// AnnotationKeyManifestGeneratePaths lists paths whose changes matter; Capstan records them by itself.
	AnnotationKeyManifestGeneratePaths = "argocd.argoproj.io/manifest-generate-paths"
	// AnnotationKeySkipReconcile leaves an Application or a cluster alone where it is "true".
	AnnotationKeySkipReconcile = "argocd.argoproj.io/skip-reconcile"
	// AnnotationKeyCompareOptions holds options of the comparison, separated by commas.
	AnnotationKeyCompareOptions = "argocd.argoproj.io/compare-options"
	// AnnotationKeyDeletionApproved is the RFC 3339 time at which a person confirmed deletions.
	AnnotationKeyDeletionApproved = "argocd.argoproj.io/deletion-approved"
	// AnnotationKeyMigrationManager names a further field manager whose fields are taken over.
	AnnotationKeyMigrationManager = "argocd.argoproj.io/client-side-apply-migration-manager"
	// AnnotationKeyManagedByURL is the URL of who manages the Application.
	AnnotationKeyManagedByURL = "argocd.argoproj.io/managed-by-url"
	// AnnotationKeyApplicationSetRefresh asks for a reconcile of an ApplicationSet.
	AnnotationKeyApplicationSetRefresh = "argocd.argoproj.io/application-set-refresh"
	// AnnotationKeyNotified is the state that the notifications controller keeps.
	AnnotationKeyNotified = "notified.notifications.argoproj.io"
)

// Labels.
const (
	// LabelKeySecretType says what a Secret of the control-plane namespace holds.
	LabelKeySecretType = "argocd.argoproj.io/secret-type"
	// LabelKeyPartOf must be PartOfValue on ConfigMaps that are read as settings.
	LabelKeyPartOf = "app.kubernetes.io/part-of"
	// LabelKeyApplicationSetName is the name of the ApplicationSet that made an Application.
	LabelKeyApplicationSetName = "argocd.argoproj.io/application-set-name"
	// LabelKeyClusterKubernetesVersion is the version that a cluster's Secret carries where asked for.
	LabelKeyClusterKubernetesVersion = "argocd.argoproj.io/kubernetes-version"
	// PartOfValue is the value of LabelKeyPartOf.
	PartOfValue = "argocd"
)

// Values of LabelKeySecretType.
const (
	SecretTypeCluster              = "cluster"
	SecretTypeRepository           = "repository"
	SecretTypeRepositoryWrite      = "repository-write"
	SecretTypeRepositoryCreds      = "repo-creds"
	SecretTypeRepositoryCredsWrite = "repo-write-creds"
	SecretTypeSCMCreds             = "scm-creds"
)

// Finalizers of Applications.
const (
	// ResourcesFinalizerName deletes the Application's objects before the Application goes.
	ResourcesFinalizerName = "resources-finalizer.argocd.argoproj.io"
	// ForegroundPropagationPolicyFinalizer is ResourcesFinalizerName that waits for dependents.
	ForegroundPropagationPolicyFinalizer = ResourcesFinalizerName + "/foreground"
	// BackgroundPropagationPolicyFinalizer is ResourcesFinalizerName that does not wait for dependents.
	BackgroundPropagationPolicyFinalizer = ResourcesFinalizerName + "/background"
	// PreDeleteFinalizerName runs PreDelete hooks.
	PreDeleteFinalizerName = "pre-delete-finalizer.argocd.argoproj.io"
	// PostDeleteFinalizerName runs PostDelete hooks.
	PostDeleteFinalizerName = "post-delete-finalizer.argocd.argoproj.io"
)

// ApplicationConditionType is the kind of an error or a warning.
type ApplicationConditionType string

// The condition types of Applications.
const (
	ApplicationConditionDeletionError           ApplicationConditionType = "DeletionError"
	ApplicationConditionInvalidSpecError        ApplicationConditionType = "InvalidSpecError"
	ApplicationConditionComparisonError         ApplicationConditionType = "ComparisonError"
	ApplicationConditionSyncError               ApplicationConditionType = "SyncError"
	ApplicationConditionUnknownError            ApplicationConditionType = "UnknownError"
	ApplicationConditionSharedResourceWarning   ApplicationConditionType = "SharedResourceWarning"
	ApplicationConditionRepeatedResourceWarning ApplicationConditionType = "RepeatedResourceWarning"
	ApplicationConditionExcludedResourceWarning ApplicationConditionType = "ExcludedResourceWarning"
	ApplicationConditionOrphanedResourceWarning ApplicationConditionType = "OrphanedResourceWarning"
	// ApplicationConditionUnstableRenderWarning means that rendering the same again would give
	// something else, as with a template that makes a password.
	ApplicationConditionUnstableRenderWarning ApplicationConditionType = "UnstableRenderWarning"
	// ApplicationConditionSyncWindowWarning means that automated sync waits for a sync window.
	ApplicationConditionSyncWindowWarning ApplicationConditionType = "SyncWindowWarning"
	// ApplicationConditionBreakGlassWarning means that the gate was broken, and that nobody else has reviewed it in time.
	ApplicationConditionBreakGlassWarning ApplicationConditionType = "BreakGlassWarning"
	// ApplicationConditionRolledBackWarning names a Rollout that somebody took back to an earlier revision, and who.
	ApplicationConditionRolledBackWarning ApplicationConditionType = "RolledBackWarning"
)

// SyncStatusCode says whether live objects are as the source wants them.
type SyncStatusCode string

// The sync statuses.
const (
	SyncStatusCodeUnknown   SyncStatusCode = "Unknown"
	SyncStatusCodeSynced    SyncStatusCode = "Synced"
	SyncStatusCodeOutOfSync SyncStatusCode = "OutOfSync"
)

// HealthStatusCode is how well an object does its work.
type HealthStatusCode string

// The health statuses, best first.
const (
	HealthStatusHealthy     HealthStatusCode = "Healthy"
	HealthStatusSuspended   HealthStatusCode = "Suspended"
	HealthStatusProgressing HealthStatusCode = "Progressing"
	HealthStatusMissing     HealthStatusCode = "Missing"
	HealthStatusDegraded    HealthStatusCode = "Degraded"
	HealthStatusUnknown     HealthStatusCode = "Unknown"
)

// OperationPhase is how far an operation is.
type OperationPhase string

// The phases of operations.
const (
	OperationRunning     OperationPhase = "Running"
	OperationTerminating OperationPhase = "Terminating"
	OperationFailed      OperationPhase = "Failed"
	OperationError       OperationPhase = "Error"
	OperationSucceeded   OperationPhase = "Succeeded"
)

// ResultCode is what a sync did to an object.
type ResultCode string

// The result codes.
const (
	ResultCodeSynced       ResultCode = "Synced"
	ResultCodeSyncFailed   ResultCode = "SyncFailed"
	ResultCodePruned       ResultCode = "Pruned"
	ResultCodePruneSkipped ResultCode = "PruneSkipped"
)

// SyncPhase is a phase of a sync.
type SyncPhase string

// The phases of a sync.
const (
	SyncPhasePreSync  SyncPhase = "PreSync"
	SyncPhaseSync     SyncPhase = "Sync"
	SyncPhasePostSync SyncPhase = "PostSync"
	SyncPhaseSyncFail SyncPhase = "SyncFail"
)

// HookType says when a hook runs.
type HookType string

// The hook types.
const (
	HookTypePreSync    HookType = "PreSync"
	HookTypeSync       HookType = "Sync"
	HookTypePostSync   HookType = "PostSync"
	HookTypeSyncFail   HookType = "SyncFail"
	HookTypeSkip       HookType = "Skip"
	HookTypePreDelete  HookType = "PreDelete"
	HookTypePostDelete HookType = "PostDelete"
)

// ApplicationSourceType is the tool that renders a source.
type ApplicationSourceType string

// The source types.
const (
	ApplicationSourceTypeHelm      ApplicationSourceType = "Helm"
	ApplicationSourceTypeKustomize ApplicationSourceType = "Kustomize"
	ApplicationSourceTypeDirectory ApplicationSourceType = "Directory"
	ApplicationSourceTypePlugin    ApplicationSourceType = "Plugin"
)

// RefreshType says how much a refresh looks at anew.
type RefreshType string

// The refresh types: normal resolves revisions again, hard renders again too.
const (
	RefreshTypeNormal RefreshType = "normal"
	RefreshTypeHard   RefreshType = "hard"
)

// HydrateType says how much a hydration does anew.
type HydrateType string

// The hydrate types.
const (
	HydrateTypeNormal HydrateType = "normal"
	HydrateTypeHard   HydrateType = "hard"
)

// HydrateOperationPhase is how far a hydration is.
type HydrateOperationPhase string

// The phases of hydrations.
const (
	HydrateOperationPhaseHydrating HydrateOperationPhase = "Hydrating"
	HydrateOperationPhaseFailed    HydrateOperationPhase = "Failed"
	HydrateOperationPhaseHydrated  HydrateOperationPhase = "Hydrated"
)

// The entries of operation.info that the API server writes, and takes out where a client
// wrote them.
const (
	// InfoRequesterUID is the UID of the user who asked for an operation.
	InfoRequesterUID = "capstan.dev/requester-uid"
	// InfoRequesterGroups are the groups of that user, separated by commas.
	InfoRequesterGroups = "capstan.dev/requester-groups"
	// InfoPlan names the Plan that an operation carries out.
	InfoPlan = "capstan.dev/plan"
	// InfoRollback marks an operation as a rollback; its value is what Git wanted then, by
	// digest. While Git still wants that, automated sync stays away.
	InfoRollback = "capstan.dev/rollback"
)
