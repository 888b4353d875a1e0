// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"unicode/utf8"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// conversation is the parent's side of one render.
type conversation struct {
	process *process
	limits  Limits
	answers *recorder
	out     result
	bytes   int64
	// frames counts what the worker sent.
	frames int
	// ended says that the worker ended the render in order.
	ended bool
}

func (c *conversation) run(ctx context.Context, job request) (result, error) {
	if err := writeJSON(c.process.in, frameRequest, job); err != nil {
		return result{}, err
	}
	for !c.ended {
		kind, payload, err := readFrame(c.process.out, c.allowed)
		if err != nil {
			return result{}, c.tooLong(kind, err)
		}
		c.frames++
		if err := c.handle(ctx, kind, payload); err != nil {
			return result{}, err
		}
	}
	return c.out, nil
}

// allowed bounds the length of what a worker may send next.
func (c *conversation) allowed(kind frameKind) int64 {
	switch kind {
	case frameStat, frameList, frameRead, frameOverride, frameVariable, frameCluster, frameChart:
		return maxPathBytes
	case frameManifest:
		return c.limits.OutputBytes - c.bytes
	case frameDone, frameFailure, framePlugin, frameDiscover:
		return maxTextBytes
	}
	return -1
}

func (c *conversation) tooLong(kind frameKind, err error) error {
	if kind == frameManifest && errors.Is(err, errNonsense) {
		return bytesLimit("combined size of the rendered objects", c.limits.OutputBytes)
	}
	return err
}

func (c *conversation) handle(ctx context.Context, kind frameKind, payload []byte) error {
	switch kind {
	case frameManifest:
		return c.manifest(payload)
	case frameDone:
		return c.done(payload)
	case frameFailure:
		return c.failure(payload)
	default:
		return c.answer(ctx, kind, string(payload))
	}
}

func (c *conversation) answer(ctx context.Context, kind frameKind, question string) error {
	if _, name := splitQuestion(question); ofTree(kind) && !fs.ValidPath(name) {
		return fmt.Errorf("%w: path %q", errNonsense, question)
	}
	data, ok, err := c.answers.answer(ctx, kind, question)
	if err != nil {
		return err
	}
	answer := frameAnswer
	if !ok {
		answer = frameAbsent
	}
	if err := writeFrame(c.process.in, answer, data); err != nil {
		return err
	}
	return c.process.in.Flush()
}

// ofTree tells which questions are about a path.
func ofTree(kind frameKind) bool {
	return kind == frameStat || kind == frameList || kind == frameRead || kind == frameOverride
}

func (c *conversation) manifest(payload []byte) error {
	c.bytes += int64(len(payload))
	if len(c.out.manifests) >= c.limits.Objects {
		return countLimit("number of objects of a source", c.limits.Objects)
	}
	made, err := decodeManifest(payload)
	if err != nil {
		return err
	}
	c.out.manifests = append(c.out.manifests, made)
	return nil
}

func (c *conversation) done(payload []byte) error {
	end := done{}
	if err := json.Unmarshal(payload, &end); err != nil {
		return fmt.Errorf("%w: %w", errNonsense, err)
	}
	types := []v1alpha1.ApplicationSourceType{
		v1alpha1.ApplicationSourceTypeDirectory, v1alpha1.ApplicationSourceTypeKustomize,
		v1alpha1.ApplicationSourceTypeHelm, v1alpha1.ApplicationSourceTypePlugin,
	}
	if !slices.Contains(types, end.Type) {
		return fmt.Errorf("%w: source type %q", errNonsense, end.Type)
	}
	if !utf8.ValidString(end.Unstable) {
		return fmt.Errorf("%w: text that is not UTF-8", errNonsense)
	}
	c.out.sourceType, c.out.unstable, c.ended = end.Type, end.Unstable[:min(len(end.Unstable), maxPathBytes)], true
	c.process.spent = c.process.spent || end.Spent
	return nil
}

func (c *conversation) failure(payload []byte) error {
	end := failure{}
	if err := json.Unmarshal(payload, &end); err != nil {
		return fmt.Errorf("%w: %w", errNonsense, err)
	}
	if end.Limit == "" && end.Text == "" || !utf8.ValidString(end.Text) {
		return fmt.Errorf("%w: a failure without a reason", errNonsense)
	}
	c.ended = true
	c.process.spent = c.process.spent || end.Spent
	return end.err()
}

func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
