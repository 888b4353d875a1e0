// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// storeConfigMap is where the host cluster remembers which store it is served from.
	storeConfigMap = "capstan-store"
	// acceptStoreAnnotation on that ConfigMap names the store to go on with after a refusal.
	acceptStoreAnnotation = "capstan.dev/accept-store"
)

// storeRecord is what a store says of itself.
type storeRecord struct {
	// ID is drawn once, when a store is first opened.
	ID string `json:"id"`
	// Mark is the highest revision at which the store was marked. A restored copy has an older mark, even where its
	// revisions were raised on restoring.
	Mark int64 `json:"mark"`
	// Empty tells that no object is stored.
	Empty bool `json:"-"`
}

// storeMemory is what the host cluster remembers.
type storeMemory struct {
	ID        string
	HighWater int64
	Accept    string
}

// storeVerdict says what to do with a store.
type storeVerdict string

const (
	storeUnknown   storeVerdict = "Unknown"
	storeServed    storeVerdict = "Served"
	storeAdopted   storeVerdict = "Adopted"
	storeEmpty     storeVerdict = "Empty"
	storeDifferent storeVerdict = "Different"
	storeOlder     storeVerdict = "Older"
)

// decideStore compares a store with what the host cluster remembers; a nil memory was not read yet. An adopted
// store is served once the host remembers it.
func decideStore(memory *storeMemory, store storeRecord) storeVerdict {
	switch {
	case memory == nil || store.ID == "":
		return storeUnknown
	case memory.ID == "" || memory.Accept == store.ID:
		return storeAdopted
	case memory.ID != store.ID && store.Empty:
		return storeEmpty
	case memory.ID != store.ID:
		return storeDifferent
	case store.Mark < memory.HighWater:
		return storeOlder
	}
	return storeServed
}

// refuseStore is the Status that answers requests under a verdict; nil where the store is served.
func refuseStore(verdict storeVerdict, namespace string, memory *storeMemory, store storeRecord) error {
	if verdict == storeServed {
		return nil
	}
	message := "the store is not served yet: the host cluster has not been asked which store it remembers"
	if memory != nil {
		message = explainRefusal(verdict, namespace, *memory, store)
	}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusServiceUnavailable,
		Reason:  metav1.StatusReasonServiceUnavailable,
		Message: message,
		Details: &metav1.StatusDetails{Kind: "ConfigMap", Name: storeConfigMap},
	}}
}

func explainRefusal(verdict storeVerdict, namespace string, memory storeMemory, store storeRecord) string {
	var why string
	switch verdict {
	case storeEmpty:
		why = fmt.Sprintf("the store is empty, but this cluster was served from store %s before", memory.ID)
	case storeDifferent:
		why = fmt.Sprintf("this is store %s, but this cluster was served from store %s before", store.ID, memory.ID)
	case storeOlder:
		why = fmt.Sprintf("the store is older than what this cluster was served from before (mark %d, remembered %d)",
			store.Mark, memory.HighWater)
	default:
		return "the store is not served yet: the host cluster is about to remember it"
	}
	return fmt.Sprintf("%s. Nothing is served, so that nothing is taken for deleted. Restore the store, or go on "+
		"with this one: kubectl annotate configmap %s -n %s --overwrite %s=%s",
		why, storeConfigMap, namespace, acceptStoreAnnotation, store.ID)
}
