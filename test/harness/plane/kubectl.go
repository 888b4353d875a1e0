// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Kubectl runs kubectl as one user of one cluster.
type Kubectl struct {
	binary     string
	kubeconfig string
	flags      []string
}

// Kubectl returns kubectl as the administrator of a cluster.
func (p *Plane) Kubectl(cluster string) Kubectl {
	return Kubectl{binary: filepath.Join(p.Bin, "kubectl"), kubeconfig: p.Clusters[cluster].Kubeconfig}
}

// As returns kubectl as another user, in groups.
func (k Kubectl) As(user string, groups ...string) Kubectl {
	k.flags = append([]string{}, k.flags...)
	k.flags = append(k.flags, "--as", user)
	for _, group := range groups {
		k.flags = append(k.flags, "--as-group", group)
	}
	return k
}

// Run runs kubectl and returns what it printed, without the space around it. A failure
// holds what it complained of.
func (k Kubectl) Run(ctx context.Context, args ...string) (string, error) {
	return k.Input(ctx, "", args...)
}

// Input runs kubectl with text on its standard input.
func (k Kubectl) Input(ctx context.Context, input string, args ...string) (string, error) {
	args = append(append([]string{"--kubeconfig", k.kubeconfig}, k.flags...), args...)
	command := exec.CommandContext(ctx, k.binary, args...)
	command.Stdin = strings.NewReader(input)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return strings.TrimSpace(out.String()), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args[2:], " "), err,
			strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// Apply applies YAML.
func (k Kubectl) Apply(ctx context.Context, yaml string) error {
	_, err := k.Input(ctx, yaml, "apply", "-f", "-")
	return err
}

// Until runs kubectl until it prints what want accepts, or ctx ends.
func (k Kubectl) Until(ctx context.Context, want func(string) bool, args ...string) (string, error) {
	for {
		out, err := k.Run(ctx, args...)
		if err == nil && want(out) {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, fmt.Errorf("kubectl %s printed %q last: %w", strings.Join(args, " "), out, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Prints is a condition for Until: the output is text.
func Prints(text string) func(string) bool { return func(out string) bool { return out == text } }
