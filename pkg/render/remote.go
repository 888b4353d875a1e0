// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"

	"github.com/capstan-dev/capstan/pkg/source"
)

// pipe is the worker's way to its parent. An error of the pipe itself ends the process by
// way of fatal, since nobody is left to tell.
type pipe struct {
	in    *bufio.Reader
	out   *bufio.Writer
	fatal func(error)
}

// remoteTree is the worker's view of one mounted tree: every question goes through the pipe.
type remoteTree struct {
	*pipe
	mount string
	stats map[string]source.Kind
}

var _ source.Tree = (*remoteTree)(nil)

func newRemoteTree(pipe *pipe, mount string) *remoteTree {
	return &remoteTree{pipe: pipe, mount: mount, stats: map[string]source.Kind{}}
}

// Stat returns the kind of path; ids and sizes stay with the parent.
func (t *remoteTree) Stat(name string) (source.Entry, error) {
	kind, known := t.stats[name]
	if !known {
		data, ok := t.ask(frameStat, questionOf(t.mount, name))
		if ok {
			if len(data) != 1 {
				return source.Entry{}, errNonsense
			}
			found, err := kindOf(data[0])
			if err != nil {
				return source.Entry{}, err
			}
			kind = found
		}
		t.stats[name] = kind
	}
	if kind == 0 {
		return source.Entry{}, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return source.Entry{Name: path.Base(name), Kind: kind}, nil
}

// List returns names and kinds.
func (t *remoteTree) List(name string) ([]source.Entry, error) {
	data, ok := t.ask(frameList, questionOf(t.mount, name))
	if !ok {
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	return decodeListing(data)
}

// Read returns the content of a file or the target of a symbolic link.
func (t *remoteTree) Read(name string) ([]byte, error) {
	data, ok := t.ask(frameRead, questionOf(t.mount, name))
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return data, nil
}

// override returns the application's own option file in a directory, if there is one.
func (p *pipe) override(directory string) ([]byte, bool) {
	return p.ask(frameOverride, directory)
}

// variable returns a variable of the build environment.
func (p *pipe) variable(name string) string {
	if len(name) > maxPathBytes {
		return ""
	}
	value, _ := p.ask(frameVariable, name)
	return string(value)
}

func (p *pipe) ask(kind frameKind, name string) ([]byte, bool) {
	if err := writeFrame(p.out, kind, []byte(name)); err != nil {
		p.fatal(err)
	}
	if err := p.out.Flush(); err != nil {
		p.fatal(err)
	}
	answer, data, err := readFrame(p.in, anyLength)
	switch {
	case err != nil:
		p.fatal(err)
	case answer != frameAnswer && answer != frameAbsent:
		p.fatal(fmt.Errorf("%w: answer %q", errNonsense, byte(answer)))
	}
	return data, answer == frameAnswer
}

func (p *pipe) send(object json.RawMessage) {
	if err := writeFrame(p.out, frameManifest, object); err != nil {
		p.fatal(err)
	}
}

// anyLength trusts the parent.
func anyLength(frameKind) int64 { return 1<<32 - 1 }
