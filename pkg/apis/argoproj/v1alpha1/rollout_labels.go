// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels and annotations that a Rollout and its parts carry, the same as the peer's: clients and routers look for them.
const (
	// LabelPodTemplateHash names the pod template of a ReplicaSet, of its pods, and of what a Service selects.
	LabelPodTemplateHash = "rollouts-pod-template-hash"
	// LabelControllerInstanceID restricts an object to the controller that has the same instance id.
	LabelControllerInstanceID = "argo-rollouts.argoproj.io/controller-instance-id"
	// LabelRolloutType says what a Rollout made an AnalysisRun for.
	LabelRolloutType = "rollout-type"
	// LabelStepIndex is the index of the step that an AnalysisRun was made for.
	LabelStepIndex = "step-index"
	// LabelAnalysisRunUID is the UID of the AnalysisRun that a Job belongs to.
	LabelAnalysisRunUID = "analysisrun.argoproj.io/uid"

	// AnnotationAnalysisRunName is the name of the AnalysisRun that a Job belongs to.
	AnnotationAnalysisRunName = "analysisrun.argoproj.io/name"
	// AnnotationAnalysisRunMetric is the name of the metric that a Job measures.
	AnnotationAnalysisRunMetric = "analysisrun.argoproj.io/metric-name"
	// AnnotationRevision is the number of a revision.
	AnnotationRevision = "rollout.argoproj.io/revision"
	// AnnotationRevisionHistory is the list of earlier numbers of a revision.
	AnnotationRevisionHistory = "rollout.argoproj.io/revision-history"
	// AnnotationDesiredReplicas is the number of replicas that the Rollout had when it scaled a ReplicaSet.
	AnnotationDesiredReplicas = "rollout.argoproj.io/desired-replicas"
	// AnnotationWorkloadGeneration is the generation of the referenced workload.
	AnnotationWorkloadGeneration = "rollout.argoproj.io/workload-generation"
	// AnnotationEphemeralMetadata is the metadata that was put on a ReplicaSet's pods for their present role, as JSON.
	AnnotationEphemeralMetadata = "rollout.argoproj.io/ephemeral-metadata"
	// AnnotationScaleDownDeadline is when a ReplicaSet is scaled down, in RFC 3339.
	AnnotationScaleDownDeadline = "scale-down-deadline"
	// AnnotationManagedByRollouts is the name of the Rollout that drives a Service or a router's object.
	AnnotationManagedByRollouts = "argo-rollouts.argoproj.io/managed-by-rollouts"
	// AnnotationExperimentName is the name of the Experiment that a ReplicaSet belongs to.
	AnnotationExperimentName = "experiment.argoproj.io/name"
	// AnnotationExperimentTemplateName is the name of the Experiment's template that a ReplicaSet belongs to.
	AnnotationExperimentTemplateName = "experiment.argoproj.io/template-name"
	// LabelExperimentUID marks the ReplicaSets and the Services of an Experiment: by it the server finds them among all
	// others of a cluster.
	LabelExperimentUID = "capstan.dev/experiment-uid"
	// AnnotationTemplateDigest is the digest of the pod template as its author wrote it, from which a ReplicaSet was
	// made. The peer has no such annotation.
	AnnotationTemplateDigest = "capstan.dev/template-digest"
	// AnnotationFormerMetadata is the metadata of earlier roles that pods of a ReplicaSet may still carry, as JSON. The
	// peer has no such annotation.
	AnnotationFormerMetadata = "capstan.dev/former-metadata"
	// AnnotationReleasedTo on a Deployment is the UID of the Rollout that has taken all its pods over. The peer has no
	// such annotation.
	AnnotationReleasedTo = "capstan.dev/released-to"
	// AnnotationVersionedConfig on a Rollout names what else belongs to a revision: configmaps, secrets, or both. The peer
	// has no such annotation, and none of the next two.
	AnnotationVersionedConfig = "capstan.dev/versioned-config"
	// AnnotationCopyOf is the name of the ConfigMap or the Secret that a copy was made of.
	AnnotationCopyOf = "capstan.dev/copy-of"
	// AnnotationCopiesPending on a ReplicaSet says that what its pods refer to was not copied yet.
	AnnotationCopiesPending = "capstan.dev/copies-pending"
	// AnnotationAsked on an AnalysisRun or an Experiment names what its Rollout asked it for: by it, one of an earlier
	// version of a step is told from that of the present one. The peer has no such annotation.
	AnnotationAsked = "capstan.dev/asked"
	// AnnotationDrivenFrom on a router's object names the namespaces, apart from its own, whose Rollouts may drive it,
	// separated by commas. The peer needs no such leave.
	AnnotationDrivenFrom = "capstan.dev/driven-from"
	// AnnotationCluster names the registered cluster in which a Rollout runs its pods, or an analysis its Jobs. Without
	// it that is the cluster that the server is registered in.
	AnnotationCluster = "capstan.dev/cluster"
	// LabelRolloutUID is the UID of the Rollout that a ReplicaSet of another cluster belongs to.
	LabelRolloutUID = "capstan.dev/rollout-uid"
	// FinalizerCluster keeps an object that has AnnotationCluster until what belongs to it there is gone, and a Rollout
	// whose workload replaces its own pods until that is let go.
	FinalizerCluster = "capstan.dev/cluster"
)

// What a Rollout makes an AnalysisRun for: values of LabelRolloutType.
const (
	RolloutTypeStep          = "Step"
	RolloutTypeBackground    = "Background"
	RolloutTypePrePromotion  = "PrePromotion"
	RolloutTypePostPromotion = "PostPromotion"
)
