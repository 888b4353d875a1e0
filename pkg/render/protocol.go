// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/source"
)

// A frame on the pipe is one byte of kind, four bytes of length (big endian), and the payload.
type frameKind byte

// What a worker sends.
const (
	frameHello    frameKind = 'H' // isolation as JSON, once
	frameStat     frameKind = 'S' // a path of a mount; answered with a kind
	frameList     frameKind = 'L' // a path of a mount; answered with names and kinds
	frameRead     frameKind = 'R' // a path of a mount; answered with the content
	frameOverride frameKind = 'O' // a directory; answered with the application's own override file there
	frameVariable frameKind = 'V' // a name of the build environment; answered with its value
	frameCluster  frameKind = 'C' // what is asked of the destination; answered with it
	frameChart    frameKind = 'P' // chartQuestion as JSON; answered once lentMount shows the chart
	framePlugin   frameKind = 'G' // pluginQuestion as JSON; answered with the texts that the plugin printed, as JSON
	frameDiscover frameKind = 'W' // pluginQuestion as JSON; answered with the name of the plugin whose the directory is
	frameManifest frameKind = 'M' // one object as JSON
	frameDone     frameKind = 'D' // done as JSON
	frameFailure  frameKind = 'F' // failure as JSON
)

// readOrigin marks in a read-set the origin of a submodule; nobody sends it.
const readOrigin frameKind = 'U'

// What the parent sends.
const (
	frameRequest frameKind = 'Q' // request as JSON
	frameAnswer  frameKind = 'A'
	frameAbsent  frameKind = 'N'
)

// errNonsense marks what no honest worker sends.
var errNonsense = errors.New("a worker broke the protocol")

const (
	frameHeader  = 5
	maxPathBytes = 4096
	maxTextBytes = 64 << 10
)

// request asks a worker for one render.
type request struct {
	Source v1alpha1.ApplicationSource `json:"source"`
	// Mounts are the names of the trees beside the source's own.
	Mounts []string `json:"mounts,omitempty"`
	// Discovers says that plugins may be asked whose the source is.
	Discovers bool   `json:"discovers,omitempty"`
	Limits    Limits `json:"limits"`
}

// done ends a render that succeeded.
type done struct {
	Type v1alpha1.ApplicationSourceType `json:"type"`
	// Spent says that the worker carries state of this render and must not do another.
	Spent bool `json:"spent,omitempty"`
	// Unstable says what differs with each render; empty where nothing does.
	Unstable string `json:"unstable,omitempty"`
}

// failure ends a render that failed: a limit where Limit is set, a fault of the source otherwise.
type failure struct {
	Reason Reason `json:"reason,omitempty"`
	Path   string `json:"path,omitempty"`
	Text   string `json:"text,omitempty"`
	Limit  string `json:"limit,omitempty"`
	Value  string `json:"value,omitempty"`
	Spent  bool   `json:"spent,omitempty"`
}

func (f failure) err() error {
	if f.Limit != "" {
		return &LimitError{Limit: f.Limit, Value: f.Value}
	}
	return &SourceError{Reason: f.Reason, Path: visible(f.Path), Err: errors.New(visible(f.Text))}
}

// visible bounds a text that files may have written, and takes out of it what a terminal
// would obey.
func visible(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxPathBytes)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

func failureOf(err error, spent bool) failure {
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return failure{Limit: limit.Limit, Value: limit.Value, Spent: spent}
	}
	if fault, ok := errors.AsType[*SourceError](err); ok {
		return failure{Reason: fault.Reason, Path: fault.Path, Text: fault.Err.Error(), Spent: spent}
	}
	return failure{Reason: ReasonInvalid, Text: err.Error(), Spent: spent}
}

func writeFrame(w *bufio.Writer, kind frameKind, payload []byte) error {
	var header [frameHeader]byte
	header[0] = byte(kind)
	binary.BigEndian.PutUint32(header[1:], uint32(len(payload)))
	if _, err := w.Write(header[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

func writeJSON(w *bufio.Writer, kind frameKind, value any) error {
	payload, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	if err := writeFrame(w, kind, payload); err != nil {
		return err
	}
	return w.Flush()
}

// readFrame reads one frame; limit says how long a payload of a kind may be, less than 0
// for a kind that is not expected.
func readFrame(r *bufio.Reader, limit func(frameKind) int64) (frameKind, []byte, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, nil, err
	}
	kind, length := frameKind(header[0]), int64(binary.BigEndian.Uint32(header[1:]))
	if length > limit(kind) {
		return kind, nil, fmt.Errorf("%w: %d bytes of kind %q", errNonsense, length, byte(kind))
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return kind, nil, err
	}
	return kind, payload, nil
}

// The letters that stand for kinds of entries; absent is the record of what is not there.
const (
	letterFile      = 'f'
	letterDirectory = 'd'
	letterSymlink   = 'l'
	letterSubmodule = 'm'
)

func letterOf(kind source.Kind) byte {
	switch kind {
	case source.Directory:
		return letterDirectory
	case source.Symlink:
		return letterSymlink
	case source.Submodule:
		return letterSubmodule
	default:
		return letterFile
	}
}

func kindOf(letter byte) (source.Kind, error) {
	switch letter {
	case letterFile:
		return source.File, nil
	case letterDirectory:
		return source.Directory, nil
	case letterSymlink:
		return source.Symlink, nil
	case letterSubmodule:
		return source.Submodule, nil
	}
	return 0, fmt.Errorf("%w: entry kind %q", errNonsense, letter)
}

func encodeListing(entries []source.Entry) []byte {
	var out []byte
	for _, entry := range entries {
		out = append(out, letterOf(entry.Kind))
		out = binary.AppendUvarint(out, uint64(len(entry.Name)))
		out = append(out, entry.Name...)
	}
	return out
}

func decodeListing(data []byte) ([]source.Entry, error) {
	var entries []source.Entry
	for len(data) > 0 {
		kind, err := kindOf(data[0])
		if err != nil {
			return nil, err
		}
		length, n := binary.Uvarint(data[1:])
		if n <= 0 || length > uint64(len(data)-1-n) {
			return nil, fmt.Errorf("%w: a listing is cut short", errNonsense)
		}
		start := 1 + n
		end := start + int(length)
		entries = append(entries, source.Entry{Name: string(data[start:end]), Kind: kind})
		data = data[end:]
	}
	return entries, nil
}
