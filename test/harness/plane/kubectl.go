// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Kubectl runs kubectl as one user of one cluster.
type Kubectl struct {
	binary     string
	kubeconfig string
	flags      []string
	// editor is what kubectl edit runs.
	editor string
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

// Editor returns kubectl whose edit runs a command of a shell on the file.
func (k Kubectl) Editor(command string) Kubectl {
	k.editor = command
	return k
}

// Run runs kubectl and returns what it printed, without the space around it. A failure
// holds what it complained of.
func (k Kubectl) Run(ctx context.Context, args ...string) (string, error) {
	return k.Input(ctx, "", args...)
}

// Input runs kubectl with text on its standard input.
func (k Kubectl) Input(ctx context.Context, input string, args ...string) (string, error) {
	command := k.command(ctx, args...)
	command.Stdin = strings.NewReader(input)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return strings.TrimSpace(out.String()), fmt.Errorf("kubectl %s: %w: %s", strings.Join(command.Args[3:], " "), err,
			strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

func (k Kubectl) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, k.binary, slices.Concat([]string{"--kubeconfig", k.kubeconfig}, k.flags, args)...)
	// A process that lives for a tenth of a second spends most of it on starting and on collecting garbage.
	command.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=1000")
	if k.editor != "" {
		command.Env = append(command.Env, "KUBE_EDITOR="+k.editor)
	}
	return command
}

// Watch runs kubectl and shows each line that it prints to enough, until that returns true. It
// fails where kubectl, or ctx, ends before.
func (k Kubectl) Watch(ctx context.Context, enough func(line string) bool, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := k.command(ctx, args...)
	out, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if enough(lines.Text()) {
			cancel()
			_ = command.Wait() // It was killed.
			return nil
		}
	}
	return fmt.Errorf("kubectl %s ended: %w", strings.Join(args, " "), errors.Join(ctx.Err(), command.Wait()))
}

// Apply applies YAML.
func (k Kubectl) Apply(ctx context.Context, yaml string) error {
	_, err := k.Input(ctx, yaml, "apply", "-f", "-")
	return err
}

// The pause between two looks at a cluster grows with the time that is waited already: each look is a process, which
// takes from the server what it is waited for with.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// Until runs kubectl until it prints what want accepts, or ctx ends.
func (k Kubectl) Until(ctx context.Context, want func(string) bool, args ...string) (string, error) {
	last := ""
	for pause := firstPause; ; pause = min(pause*5/4, longestPause) {
		out, err := k.Run(ctx, args...)
		if err == nil {
			last = out
		}
		if err == nil && want(out) {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("kubectl %s printed %q last: %w", strings.Join(args, " "), last, errors.Join(ctx.Err(), err))
		case <-time.After(pause):
		}
	}
}

// Prints is a condition for Until: the output is text.
func Prints(text string) func(string) bool { return func(out string) bool { return out == text } }
