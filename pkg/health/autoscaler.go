// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"encoding/json"
	"fmt"
)

// conditionsAnnotation holds the conditions of an autoscaling/v1 object, whose status has no
// field for them.
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions"

// autoscalerHealth rates a HorizontalPodAutoscaler: a failure counts before any success (as
// Argo CD 3.6: gitops-engine/pkg/health/health_hpa.go).
func autoscalerHealth(f *fields) Health {
	conditions := autoscalerConditions(f)
	for _, found := range conditions {
		if cannotScale(found) {
			return Health{Degraded, found.message}
		}
	}
	for _, found := range conditions {
		if found.status == "True" && (found.kind == "AbleToScale" || found.kind == "ScalingLimited") {
			return Health{Healthy, found.message}
		}
	}
	return Health{Progressing, "Waiting to Autoscale"}
}

func cannotScale(found condition) bool {
	switch found.kind + " " + found.reason {
	case "AbleToScale FailedGetScale",
		"AbleToScale FailedUpdateScale",
		"ScalingActive FailedComputeMetricsReplicas",
		"ScalingActive FailedGetExternalMetric",
		"ScalingActive FailedGetObjectMetric",
		"ScalingActive FailedGetPodsMetric",
		"ScalingActive FailedGetResourceMetric",
		"ScalingActive InvalidSelector":
		return true
	}
	return false
}

func autoscalerConditions(f *fields) []condition {
	if f.text("apiVersion") != "autoscaling/v1" {
		return f.conditions()
	}
	annotation := f.text("metadata", "annotations", conditionsAnnotation)
	if annotation == "" {
		return nil
	}
	var decoded []struct{ Type, Status, Reason, Message string }
	if err := json.Unmarshal([]byte(annotation), &decoded); err != nil {
		if f.err == nil {
			f.err = fmt.Errorf("annotation %s is not a list of conditions: %w", conditionsAnnotation, err)
		}
		return nil
	}
	conditions := make([]condition, 0, len(decoded))
	for _, entry := range decoded {
		conditions = append(conditions, condition{entry.Type, entry.Status, entry.Reason, entry.Message})
	}
	return conditions
}
