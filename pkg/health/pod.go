// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"
	"strings"
)

// ignoreRestartPolicy is the annotation of a Pod that ends never, whatever its restart policy
// says: it is rated as one that restarts always.
const ignoreRestartPolicy = "argocd.argoproj.io/ignore-restart-policy"

// podHealth rates a Pod by its phase, and one that restarts always by its containers too.
func podHealth(f *fields) Health {
	policy := restartPolicy(f)
	// A Pod that runs once may be a hook. Back-off must not fail it: the image can still appear,
	// and the hook would then run after its sync was given up.
	if policy == "Always" {
		if messages := backOffMessages(f); len(messages) > 0 {
			return Health{Degraded, strings.Join(messages, ", ")}
		}
	}
	message := f.text("status", "message")
	switch f.text("status", "phase") {
	case "Pending":
		return Health{Progressing, message}
	case "Succeeded":
		return Health{Healthy, message}
	case "Failed":
		return Health{Degraded, failureMessage(f, message)}
	case "Running":
		return runningHealth(f, policy, message)
	}
	return Health{Unknown, message}
}

// restartPolicy is the policy that health goes by (as Argo CD, pull request 28249; hooks keep
// their own).
func restartPolicy(f *fields) string {
	if f.text("metadata", "annotations", ignoreRestartPolicy) == "true" &&
		f.text("metadata", "annotations", hookAnnotation) == "" &&
		f.text("metadata", "annotations", helmHookAnnotation) == "" {
		return "Always"
	}
	return f.text("spec", "restartPolicy")
}

func runningHealth(f *fields, policy, message string) Health {
	switch policy {
	case "OnFailure", "Never":
		return Health{Progressing, message}
	case "Always":
		if ready := f.condition("Ready"); ready != nil && ready.status == "True" {
			return Health{Healthy, message}
		}
		for _, container := range f.list("status", "containerStatuses") {
			if f.objectIn(container, "lastState", "terminated") != nil {
				return Health{Degraded, message}
			}
		}
		return Health{Progressing, message}
	}
	return Health{Unknown, message}
}

// backOffMessages returns what the containers say that wait because of an error.
func backOffMessages(f *fields) []string {
	var messages []string
	for _, container := range f.list("status", "containerStatuses") {
		reason := f.textIn(container, "state", "waiting", "reason")
		if strings.HasPrefix(reason, "Err") || strings.HasSuffix(reason, "Error") ||
			strings.HasSuffix(reason, "BackOff") {
			messages = append(messages, f.textIn(container, "state", "waiting", "message"))
		}
	}
	return messages
}

// failureMessage is the Pod's own message, or what the first container that failed left.
func failureMessage(f *fields, message string) string {
	if message != "" {
		return message
	}
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, container := range f.list("status", list) {
			if found := terminationMessage(f, container); found != "" {
				return found
			}
		}
	}
	return ""
}

func terminationMessage(f *fields, container map[string]any) string {
	terminated := f.objectIn(container, "state", "terminated")
	if message := f.textIn(terminated, "message"); message != "" {
		return message
	}
	if reason := f.textIn(terminated, "reason"); reason == "OOMKilled" {
		return reason
	}
	if code, _ := f.numberIn(terminated, "exitCode"); code != 0 {
		return fmt.Sprintf("container %q failed with exit code %d", f.textIn(container, "name"), code)
	}
	return ""
}
