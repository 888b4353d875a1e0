// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
)

// WorkerArgument is the first argument of a process that has to call WorkerMain.
const WorkerArgument = "render-worker"

// WorkerMain gives up the file system and the network of this process and then renders what
// the parent asks for until stdin ends. It is only for a process that does nothing else.
func WorkerMain(stdin io.Reader, stdout io.Writer) error {
	runtime.GOMAXPROCS(min(2, runtime.NumCPU()))
	debug.SetMaxStack(64 * mebibyte)
	// What a worker keeps is little, and it ends when it is idle: to collect it after each render would cost more.
	debug.SetGCPercent(400)
	http.DefaultTransport = refusingTransport{}
	box := confine()
	// The pipe is read on the side so that the process ends with its parent even while it
	// computes.
	in, feed := io.Pipe()
	go func() {
		_, _ = io.Copy(feed, stdin)
		os.Exit(0)
	}()
	fatal := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return serve(bufio.NewReader(in), bufio.NewWriter(stdout), box, fatal)
}

// serve renders until in ends. It calls fatal, which must not return, where the pipe breaks
// in the middle of a render.
func serve(in *bufio.Reader, out *bufio.Writer, box sandbox, fatal func(error)) error {
	if err := writeJSON(out, frameHello, box.isolation); err != nil {
		return err
	}
	for {
		kind, payload, err := readFrame(in, anyLength)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if kind != frameRequest {
			return fmt.Errorf("%w: request %q", errNonsense, byte(kind))
		}
		job := request{}
		if err := json.Unmarshal(payload, &job); err != nil {
			return fmt.Errorf("decode a request: %w", err)
		}
		box.limitMemory(job.Limits.Memory)
		if err := answer(out, job, &pipe{in: in, out: out, fatal: fatal}); err != nil {
			return err
		}
	}
}

// answer runs one render and sends how it ended.
func answer(out *bufio.Writer, job request, pipe *pipe) error {
	work := newWork(job, pipe)
	result, err := work.guarded()
	if err != nil {
		return writeJSON(out, frameFailure, failureOf(err, work.spent))
	}
	for _, object := range result.objects {
		pipe.send(object)
	}
	return writeJSON(out, frameDone, done{
		Type: result.sourceType, Spent: work.spent, Unstable: result.unstable,
	})
}

// guarded turns a panic of a rendering library into an error of the source; the worker
// itself is in an unknown state after that.
func (w *work) guarded() (result rendered, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			w.spent = true
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", cause, debug.Stack())
			err = fault(ReasonCrashed, "", "the renderer failed on these files and gave up")
		}
	}()
	return w.run()
}

// refusingTransport stands in for the network of a worker.
type refusingTransport struct{}

// RoundTrip refuses the request.
func (refusingTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errRemote
}
