// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// pod does for a process of this machine what a kubelet does for a container: it reads the
// environment from the cluster, makes the volumes, and finds the arguments.
type pod struct {
	kubectl plane.Kubectl
	spec    corev1.PodSpec
	// dir keeps the volumes.
	dir string
}

// arguments are those of the container, with the paths of this machine.
func (p pod) arguments(ctx context.Context) ([]string, error) {
	container := p.spec.Containers[0]
	environment := map[string]string{}
	for _, variable := range container.Env {
		value, err := p.value(ctx, variable)
		if err != nil {
			return nil, fmt.Errorf("environment variable %s: %w", variable.Name, err)
		}
		environment[variable.Name] = value
	}
	for _, volume := range p.spec.Volumes {
		if err := p.provide(ctx, volume); err != nil {
			return nil, fmt.Errorf("volume %s: %w", volume.Name, err)
		}
	}
	args := make([]string, 0, len(container.Args))
	for _, arg := range container.Args {
		for name, value := range environment {
			arg = strings.ReplaceAll(arg, "$("+name+")", value)
		}
		args = append(args, p.here(arg, container.VolumeMounts))
	}
	return args, nil
}

func (p pod) value(ctx context.Context, variable corev1.EnvVar) (string, error) {
	if variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil {
		return variable.Value, nil
	}
	from := variable.ValueFrom.SecretKeyRef
	secret, err := p.secret(ctx, from.Name)
	if err != nil {
		return "", err
	}
	value, found := secret.Data[from.Key]
	if !found {
		return "", fmt.Errorf("the Secret %s has no key %s", from.Name, from.Key)
	}
	return string(value), nil
}

// provide makes the folder of a volume.
func (p pod) provide(ctx context.Context, volume corev1.Volume) error {
	folder := p.folder(volume.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	switch {
	case volume.EmptyDir != nil:
		return nil
	case volume.Secret == nil:
		return errors.New("it is neither a Secret nor empty")
	}
	secret, err := p.secret(ctx, volume.Secret.SecretName)
	if err != nil {
		return err
	}
	for _, item := range volume.Secret.Items {
		content, found := secret.Data[item.Key]
		if !found {
			return fmt.Errorf("the Secret %s has no key %s", volume.Secret.SecretName, item.Key)
		}
		if err := os.WriteFile(filepath.Join(folder, item.Path), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p pod) folder(volume string) string { return filepath.Join(p.dir, volume) }

// here puts the folder of this machine in the place of the one that a flag names.
func (p pod) here(arg string, mounts []corev1.VolumeMount) string {
	flag, path, _ := strings.Cut(arg, "=")
	for _, mount := range mounts {
		if rest, below := strings.CutPrefix(path, mount.MountPath); below && (rest == "" || rest[0] == '/') {
			return flag + "=" + p.folder(mount.Name) + rest
		}
	}
	return arg
}

func (p pod) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	return secret, read(ctx, p.kubectl, secret, "secret", name)
}

// read reads an object of the control-plane namespace.
func read(ctx context.Context, kubectl plane.Kubectl, into any, kind, name string) error {
	out, err := kubectl.Run(ctx, "get", kind, name, "-n", Namespace, "-o", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("read %s %s: %w", kind, name, err)
	}
	return nil
}
