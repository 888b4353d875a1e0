// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

const (
	// maxResources is how many Applications a status lists (as Argo CD 3.5).
	maxResources = 5000
	// maxMessage is the length of a condition's message, in bytes.
	maxMessage = 2048
)

// observation is what one pass found out.
type observation struct {
	apps map[string]*v1alpha1.Application
	// generated says that all parameters were generated.
	generated bool
	problems  []*generate.Failure
	now       metav1.Time
}

// fold returns the status that an observation amounts to. Nothing in it changes with time
// alone.
func fold(old v1alpha1.ApplicationSetStatus, seen observation) v1alpha1.ApplicationSetStatus {
	status := *old.DeepCopy()
	status.Conditions = mergeConditions(old.Conditions, conditions(seen), seen.now)
	status.Resources = nil
	for _, name := range slices.Sorted(maps.Keys(seen.apps)) {
		if len(status.Resources) == maxResources {
			break
		}
		status.Resources = append(status.Resources, statusOf(seen.apps[name]))
	}
	status.ResourcesCount = int64(len(seen.apps))
	foldHealth(&status, seen.now)
	return status
}

// conditions are those of one pass (as Argo CD 3.5: setApplicationSetStatusCondition),
// ordered by type.
func conditions(seen observation) []v1alpha1.ApplicationSetCondition {
	failed := v1alpha1.ApplicationSetCondition{
		Type: v1alpha1.ApplicationSetConditionErrorOccurred, Status: v1alpha1.ApplicationSetConditionStatusFalse,
		Reason:  v1alpha1.ApplicationSetReasonApplicationSetUpToDate,
		Message: "All applications have been generated successfully",
	}
	current := failed
	current.Type, current.Status =
		v1alpha1.ApplicationSetConditionResourcesUpToDate, v1alpha1.ApplicationSetConditionStatusTrue
	if len(seen.problems) > 0 {
		failed.Status, failed.Reason = v1alpha1.ApplicationSetConditionStatusTrue, seen.problems[0].Reason
		failed.Message = messageOf(seen.problems)
		current.Status = v1alpha1.ApplicationSetConditionStatusFalse
		current.Reason, current.Message = v1alpha1.ApplicationSetReasonErrorOccurred, failed.Message
	}
	parameters := v1alpha1.ApplicationSetCondition{
		Type: v1alpha1.ApplicationSetConditionParametersGenerated, Status: v1alpha1.ApplicationSetConditionStatusTrue,
		Reason:  v1alpha1.ApplicationSetReasonParametersGenerated,
		Message: "Successfully generated parameters for all Applications",
	}
	if !seen.generated {
		parameters.Status, parameters.Reason = current.Status, v1alpha1.ApplicationSetReasonErrorOccurred
		parameters.Message = failed.Message
	}
	return []v1alpha1.ApplicationSetCondition{failed, parameters, current}
}

// messageOf is the first problem, and how many more there are.
func messageOf(problems []*generate.Failure) string {
	message := problems[0].Error()
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + " ..."
	}
	if more := len(problems) - 1; more > 0 {
		message = fmt.Sprintf("%s (and %d more)", message, more)
	}
	return message
}

// mergeConditions keeps the transition time of a condition whose status is the same.
func mergeConditions(old, now []v1alpha1.ApplicationSetCondition, at metav1.Time) []v1alpha1.ApplicationSetCondition {
	merged := slices.Clone(now)
	for i := range merged {
		merged[i].LastTransitionTime = &at
		for _, before := range old {
			if before.Type == merged[i].Type && before.Status == merged[i].Status && before.LastTransitionTime != nil {
				merged[i].LastTransitionTime = before.LastTransitionTime
			}
		}
	}
	return merged
}

func conditionOf(
	status v1alpha1.ApplicationSetStatus, kind v1alpha1.ApplicationSetConditionType,
) v1alpha1.ApplicationSetCondition {
	for _, condition := range status.Conditions {
		if condition.Type == kind {
			return condition
		}
	}
	return v1alpha1.ApplicationSetCondition{}
}

// foldHealth sums the conditions up (as Argo CD 3.5: CalculateHealth).
func foldHealth(status *v1alpha1.ApplicationSetStatus, now metav1.Time) {
	health := v1alpha1.HealthStatus{Status: v1alpha1.HealthStatusHealthy, LastTransitionTime: &now}
	failed := conditionOf(*status, v1alpha1.ApplicationSetConditionErrorOccurred)
	if failed.Status == v1alpha1.ApplicationSetConditionStatusTrue {
		health.Status = v1alpha1.HealthStatusDegraded
	}
	health.Message = failed.Message
	if before := status.Health; before.Status == health.Status && before.LastTransitionTime != nil {
		health.LastTransitionTime = before.LastTransitionTime
	}
	status.Health = health
}

// statusOf is what the set's status says of one Application.
func statusOf(app *v1alpha1.Application) v1alpha1.ResourceStatus {
	return v1alpha1.ResourceStatus{
		Group: v1alpha1.GroupName, Version: v1alpha1.SchemeGroupVersion.Version, Kind: "Application",
		Namespace: app.Namespace, Name: app.Name,
		Status: app.Status.Sync.Status, Health: &v1alpha1.HealthStatus{Status: app.Status.Health.Status},
	}
}
