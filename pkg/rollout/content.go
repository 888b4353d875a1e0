// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Content is what is known of what a ConfigMap or a Secret holds; it is none of it.
type Content struct {
	// Digest names it; "" is that the object is not there.
	Digest string
	// Size is how many bytes it is.
	Size int
	// IsCopy says that the object is a copy that never changes.
	IsCopy bool
}

// ContentOf names what a ConfigMap or a Secret holds, given the fields of the object. The digest of a Secret is mixed
// with its UID: who may see the name of a copy, but not the Secret, cannot try out what it holds.
func ContentOf(config Config, uid types.UID, object map[string]any) (Content, error) {
	held := map[string]any{"data": object["data"], "binaryData": object["binaryData"]}
	if config.Kind == kindSecret {
		held["uid"] = uid
	}
	raw, err := json.Marshal(held)
	if err != nil {
		return Content{}, fmt.Errorf("digest %s %s: %w", config.Kind, config.Name, err)
	}
	sum := sha256.Sum256(raw)
	return Content{Digest: hex.EncodeToString(sum[:]), Size: len(raw)}, nil
}

// eachConfig visits every place in which pods name a ConfigMap or a Secret whose content they see: the name can be
// changed there. Credentials of registries are none of it.
func eachConfig(spec *corev1.PodSpec, visit func(kind string, name *string, optional *bool)) {
	for i := range spec.Volumes {
		volume := &spec.Volumes[i]
		if from := volume.ConfigMap; from != nil {
			visit(kindConfigMap, &from.Name, from.Optional)
		}
		if from := volume.Secret; from != nil {
			visit(kindSecret, &from.SecretName, from.Optional)
		}
		if volume.Projected != nil {
			eachProjected(volume.Projected.Sources, visit)
		}
	}
	for i := range spec.InitContainers {
		eachVariable(spec.InitContainers[i].Env, spec.InitContainers[i].EnvFrom, visit)
	}
	for i := range spec.Containers {
		eachVariable(spec.Containers[i].Env, spec.Containers[i].EnvFrom, visit)
	}
}

func eachProjected(sources []corev1.VolumeProjection, visit func(string, *string, *bool)) {
	for i := range sources {
		if from := sources[i].ConfigMap; from != nil {
			visit(kindConfigMap, &from.Name, from.Optional)
		}
		if from := sources[i].Secret; from != nil {
			visit(kindSecret, &from.Name, from.Optional)
		}
	}
}

func eachVariable(variables []corev1.EnvVar, sources []corev1.EnvFromSource, visit func(string, *string, *bool)) {
	for i := range variables {
		from := variables[i].ValueFrom
		if from == nil {
			continue
		}
		if key := from.ConfigMapKeyRef; key != nil {
			visit(kindConfigMap, &key.Name, key.Optional)
		}
		if key := from.SecretKeyRef; key != nil {
			visit(kindSecret, &key.Name, key.Optional)
		}
	}
	for i := range sources {
		if from := sources[i].ConfigMapRef; from != nil {
			visit(kindConfigMap, &from.Name, from.Optional)
		}
		if from := sources[i].SecretRef; from != nil {
			visit(kindSecret, &from.Name, from.Optional)
		}
	}
}
