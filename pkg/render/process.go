// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// errStale marks a worker that had ended before it was given anything to do.
var errStale = errors.New("the worker had ended")

// process is one worker process, seen by its parent.
type process struct {
	command *exec.Cmd
	in      *bufio.Writer
	out     *bufio.Reader
	log     *tail
	// isolation is what the worker says about itself, for people to read.
	isolation isolation
	renders   int
	// spent says that the process must not render again.
	spent bool
}

// result is what the parent believes of a render: objects that it decoded itself.
type result struct {
	sourceType v1alpha1.ApplicationSourceType
	manifests  []manifest.Manifest
	unstable   string
}

// start runs a worker with nothing of this process's environment. It ends with ctx until its
// first word has come.
func start(ctx context.Context, command []string) (*process, error) {
	p := &process{command: exec.Command(command[0], command[1:]...), log: &tail{}}
	p.command.Env, p.command.Dir, p.command.Stderr = []string{}, "/", p.log
	stdin, err := p.command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a render worker: %w", err)
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a render worker: %w", err)
	}
	if err = p.command.Start(); err != nil {
		return nil, fmt.Errorf("start a render worker: %w", err)
	}
	p.in, p.out = bufio.NewWriterSize(stdin, 64<<10), bufio.NewReaderSize(stdout, 64<<10)
	defer context.AfterFunc(ctx, p.kill)()
	_, hello, err := readFrame(p.out, only(frameHello))
	if err == nil {
		err = json.Unmarshal(hello, &p.isolation)
	}
	if err != nil && ctx.Err() != nil {
		p.stop()
		return nil, context.Cause(ctx)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("start a render worker: it did not greet (%w), it said %q", err, p.log.String())
	}
	return p, nil
}

func only(wanted frameKind) func(frameKind) int64 {
	return func(kind frameKind) int64 {
		if kind == wanted {
			return maxTextBytes
		}
		return -1
	}
}

// kill ends the process without waiting for it.
func (p *process) kill() { _ = p.command.Process.Kill() }

// stop ends the process and frees what it held.
func (p *process) stop() {
	p.kill()
	_ = p.command.Wait()
}

// render has the worker do one render, and answers its questions from answers.
func (p *process) render(ctx context.Context, job request, answers *recorder) (result, error) {
	undo := context.AfterFunc(ctx, p.kill)
	c := &conversation{process: p, limits: job.Limits, answers: answers}
	out, err := c.run(ctx, job)
	p.renders++
	if !undo() {
		p.spent = true
	}
	if err == nil {
		return out, nil
	}
	limit, isLimit := errors.AsType[*LimitError](context.Cause(ctx))
	switch {
	case c.ended:
		return result{}, err
	case isLimit:
		p.spent = true
		return result{}, limit
	case ctx.Err() != nil:
		p.spent = true
		return result{}, context.Cause(ctx)
	}
	return result{}, p.death(err, c, job.Limits)
}

// death explains why a conversation broke off. The worker is not used again.
func (p *process) death(err error, c *conversation, limits Limits) error {
	p.spent = true
	switch {
	case errors.Is(err, errNonsense):
		return fault(ReasonCrashed, "", "the render was stopped: %w", err)
	case !brokenOff(err):
		return err
	}
	if c.frames == 0 && p.renders > 1 {
		return errStale
	}
	p.stop()
	said := p.log.String()
	for _, sign := range []string{
		"out of memory", "allocate memory", "failed to allocate", "stack exceeds",
		"pthread_create failed", "failed to create new OS thread",
	} {
		if strings.Contains(said, sign) {
			return bytesLimit("memory of a render", limits.Memory)
		}
	}
	return fault(ReasonCrashed, "", "the render's worker process ended before it answered (%s)", p.command.ProcessState)
}

func brokenOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, fs.ErrClosed) ||
		isBrokenPipe(err)
}

// tail keeps the end of what a worker writes to its standard error.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const tailBytes = 16 << 10

// Write keeps the first and the last few kilobytes.
func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, data...)
	if over := len(t.data) - tailBytes; over > 0 {
		t.data = append(t.data[:tailBytes/2], t.data[tailBytes/2+over:]...)
	}
	return len(data), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}

// decodeManifest reads an object that a worker sent, as if a stranger had sent it.
func decodeManifest(payload []byte) (manifest.Manifest, error) {
	object, err := objectOf(payload)
	if err != nil {
		return manifest.Manifest{}, fmt.Errorf("%w: %w", errNonsense, err)
	}
	made, err := manifest.New(&unstructured.Unstructured{Object: object})
	if err != nil {
		return manifest.Manifest{}, fmt.Errorf("%w: %w", errNonsense, err)
	}
	return made, nil
}
