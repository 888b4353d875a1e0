// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// lockFits reports whether the digest of a Chart.lock is that of the dependencies that it was
// made for. Helm does not export how it makes one: it is the SHA-256 of the dependencies and
// of what is locked as JSON; Helm 2 took the dependencies alone.
func lockFits(loaded *chart.Chart) bool {
	lock, wanted := loaded.Lock, loaded.Metadata.Dependencies
	if loaded.Metadata.APIVersion == chart.APIVersionV1 &&
		lock.Digest == lockDigest(map[string][]*chart.Dependency{"dependencies": wanted}) {
		return true
	}
	return lock.Digest == lockDigest([2][]*chart.Dependency{withURLs(wanted, lock.Dependencies), lock.Dependencies})
}

// withURLs puts what is locked in the place of names that repositories have on the machine
// of who made the lock: the digest is of their URLs.
func withURLs(wanted, locked []*chart.Dependency) []*chart.Dependency {
	if len(wanted) != len(locked) {
		return wanted
	}
	named := make([]*chart.Dependency, len(wanted))
	for i, one := range wanted {
		changed := *one
		if strings.HasPrefix(one.Repository, "@") || strings.HasPrefix(one.Repository, "alias:") {
			changed.Repository = locked[i].Repository
		}
		named[i] = &changed
	}
	return named
}

func lockDigest(of any) string {
	data, err := json.Marshal(of)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
