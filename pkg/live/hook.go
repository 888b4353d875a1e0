// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"strconv"
	"strings"
)

// Hook says at which moments an object runs, and when it is taken away; zero is an object
// that is kept in sync.
type Hook uint16

// The moments of a hook, and its delete policies.
const (
	// Hooked is set on every hook, also on one that never runs.
	Hooked Hook = 1 << iota
	// PreSync is before anything is applied.
	PreSync
	// Sync is together with what is applied.
	Sync
	// PostSync is when all that was applied is healthy.
	PostSync
	// SyncFail is when a sync has failed.
	SyncFail
	// PreDelete is before the objects of a deleted Application go.
	PreDelete
	// PostDelete is when they are gone.
	PostDelete
	// DeleteBefore takes away what an earlier run left before the hook runs.
	DeleteBefore
	// DeleteSucceeded takes the hook away when the sync has succeeded.
	DeleteSucceeded
	// DeleteFailed takes the hook away when the sync has failed.
	DeleteFailed
)

const (
	// HookFinalizer keeps a hook until its end was seen, whoever deletes it.
	HookFinalizer = "argocd.argoproj.io/hook-finalizer"

	hookAnnotation       = "argocd.argoproj.io/hook"
	hookPolicyAnnotation = "argocd.argoproj.io/hook-delete-policy"
	waveAnnotation       = "argocd.argoproj.io/sync-wave"
	helmHookAnnotation   = "helm.sh/hook"
	helmDeleteAnnotation = "helm.sh/hook-delete-policy"
	helmWeightAnnotation = "helm.sh/hook-weight"
)

// HookOf reads the annotations of a hook (as Argo CD 3.5: gitops-engine, sync/hook). Helm's
// are read where those of Argo CD name no moment.
func HookOf(annotations map[string]string) Hook {
	own, isHook := annotations[hookAnnotation]
	moments := momentsOf(own, moment)
	if !isHook {
		helm, isHelm := annotations[helmHookAnnotation]
		isHook = isHelm && helm != "crd-install"
	}
	if !isHook {
		return 0
	}
	if moments == 0 && own != "Skip" {
		moments = momentsOf(annotations[helmHookAnnotation], helmMoment)
	}
	policy := momentsOf(annotations[hookPolicyAnnotation], deletion) |
		momentsOf(annotations[helmDeleteAnnotation], helmDeletion)
	if policy == 0 {
		policy = DeleteBefore
	}
	return Hooked | moments | policy
}

func momentsOf(list string, read func(string) Hook) Hook {
	var set Hook
	for item := range strings.SplitSeq(list, ",") {
		set |= read(strings.TrimSpace(item))
	}
	return set
}

func moment(name string) Hook {
	switch name {
	case "PreSync":
		return PreSync
	case "Sync":
		return Sync
	case "PostSync":
		return PostSync
	case "SyncFail":
		return SyncFail
	case "PreDelete":
		return PreDelete
	case "PostDelete":
		return PostDelete
	}
	return 0
}

func helmMoment(name string) Hook {
	switch name {
	case "pre-install", "pre-upgrade":
		return PreSync
	case "post-install", "post-upgrade":
		return PostSync
	case "pre-delete":
		return PreDelete
	case "post-delete":
		return PostDelete
	}
	return 0
}

func deletion(name string) Hook {
	switch name {
	case "BeforeHookCreation":
		return DeleteBefore
	case "HookSucceeded":
		return DeleteSucceeded
	case "HookFailed":
		return DeleteFailed
	}
	return 0
}

func helmDeletion(name string) Hook {
	switch name {
	case "before-hook-creation":
		return DeleteBefore
	case "hook-succeeded":
		return DeleteSucceeded
	case "hook-failed":
		return DeleteFailed
	}
	return 0
}

// WaveOf reads the wave of an object; what is no number counts as none (as Argo CD 3.6:
// gitops-engine, syncwaves).
func WaveOf(annotations map[string]string) int {
	for _, name := range []string{waveAnnotation, helmWeightAnnotation} {
		if wave, err := strconv.ParseInt(annotations[name], 10, 32); err == nil {
			return int(wave)
		}
	}
	return 0
}
