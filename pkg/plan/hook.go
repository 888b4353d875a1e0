// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Phase is a part of a sync, or of a deletion.
type Phase string

// The phases, in Argo CD's words.
const (
	PreSync    Phase = "PreSync"
	Sync       Phase = "Sync"
	PostSync   Phase = "PostSync"
	SyncFail   Phase = "SyncFail"
	PreDelete  Phase = "PreDelete"
	PostDelete Phase = "PostDelete"
)

// Hook is one object that runs in one phase, without its bytes.
type Hook struct {
	manifest.Key
	// Version is the API version that the manifest is written in.
	Version string
	// Prefix is the generateName of a hook that has no name; see Named.
	Prefix string
	// Digest is the digest of the manifest.
	Digest manifest.Digest
	Phase  Phase
	Wave   int
	// Policy says when the hook is taken away.
	Policy live.Hook
	// Manifest is the place of the bytes in Prepared.HookManifests.
	Manifest int
}

// addHook adds one entry for each phase of a hook; one that never runs has none.
func (p *Prepared) addHook(hook live.Hook, ready manifest.Manifest, wave int, prefix string) {
	p.HookManifests = append(p.HookManifests, ready)
	entry := Hook{
		Key: ready.Key, Version: ready.Version, Prefix: prefix, Digest: ready.Digest, Wave: wave, Policy: hook,
		Manifest: len(p.HookManifests) - 1,
	}
	for _, at := range []struct {
		moment live.Hook
		phase  Phase
	}{
		{live.PreSync, PreSync},
		{live.Sync, Sync},
		{live.PostSync, PostSync},
		{live.SyncFail, SyncFail},
		{live.PreDelete, PreDelete},
		{live.PostDelete, PostDelete},
	} {
		if hook&at.moment != 0 {
			entry.Phase = at.phase
			p.Hooks = append(p.Hooks, entry)
		}
	}
}

// Named returns hooks under the names that they have in one sync (as Argo CD 3.5:
// gitops-engine, sync_context.go): one that gives only a prefix has another in each.
func Named(hooks []Hook, revision string, started time.Time) []Hook {
	named := slices.Clone(hooks)
	for i := range named {
		if hook := &named[i]; hook.Name == "" {
			hook.Name = fmt.Sprintf("%s%.7s-%s-%d", hook.Prefix, revision,
				strings.ToLower(string(hook.Phase)), started.Unix())
		}
	}
	return named
}

// Object returns the manifest to run a named hook by: tracked as the application's, by a label of
// that key, too, unless it is "", and held until its end was seen.
func (h Hook) Object(bytes manifest.Manifest, application, label string) (manifest.Manifest, error) {
	object, err := bytes.Object()
	if err != nil {
		return manifest.Manifest{}, err
	}
	object.SetGenerateName("")
	object.SetName(h.Name)
	object.SetFinalizers(append(object.GetFinalizers(), live.HookFinalizer))
	track(object, Destination{Application: application, Label: label})
	return manifest.New(object)
}
