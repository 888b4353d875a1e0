// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

const capabilities = "ofs-delta side-band-64k no-progress agent=capstan"

// readRefs reads an advertisement of references (Git's pack protocol, version 0).
func readRefs(r io.Reader) (*refs, error) {
	found := &refs{ids: map[string]plumbing.Hash{}, peeled: map[string]plumbing.Hash{}}
	lines := pktline.NewScanner(r)
	service := false
	for first := true; lines.Scan(); {
		line := strings.TrimSuffix(string(lines.Bytes()), "\n")
		if strings.HasPrefix(line, "# service=") {
			service = true
			continue
		}
		if line == "" && service {
			service = false
			continue
		}
		if line == "" {
			return found, nil
		}
		if first {
			line, _, _ = strings.Cut(line, "\x00")
			first = false
		}
		if err := found.add(line); err != nil {
			return nil, err
		}
	}
	return nil, ended(lines.Err())
}

func (r *refs) add(line string) error {
	id, name, found := strings.Cut(line, " ")
	if id == "shallow" {
		return nil
	}
	if !found || len(id) != 40 || !isHex(id) {
		return errors.New("the server does not answer as a Git server with SHA-1 object ids")
	}
	hash := plumbing.NewHash(id)
	if hash.IsZero() {
		return nil
	}
	if tag, annotated := strings.CutSuffix(name, "^{}"); annotated {
		r.peeled[tag] = hash
		return nil
	}
	r.ids[name] = hash
	return nil
}

// encode is what the client sends for a pack, in one go.
func (p packRequest) encode() ([]byte, error) {
	var out bytes.Buffer
	encoder := pktline.NewEncoder(&out)
	var errs []error
	line := func(format string, args ...any) { errs = append(errs, encoder.Encodef(format, args...)) }

	options := " " + capabilities
	if p.shallow {
		// A server leaves out what is known from a commit that is not an ancestor of a
		// wanted one only where it may also send deltas against it.
		options += " shallow thin-pack"
	}
	for _, want := range p.wants {
		line("want %s%s\n", want, options)
		options = ""
	}
	if p.shallow {
		for _, have := range p.haves {
			line("shallow %s\n", have)
		}
		line("deepen 1\n")
	}
	errs = append(errs, encoder.Flush())
	for _, have := range p.haves {
		line("have %s\n", have)
	}
	line("done\n")
	return out.Bytes(), errors.Join(errs...)
}

// readPack skips to the pack in a server's answer to a packRequest.
func readPack(r io.Reader) (io.Reader, error) {
	lines := pktline.NewScanner(r)
	for lines.Scan() {
		switch line := lines.Bytes(); {
		case len(line) == 0, bytes.HasPrefix(line, []byte("shallow ")), bytes.HasPrefix(line, []byte("unshallow ")):
		case bytes.HasPrefix(line, []byte("NAK")), bytes.HasPrefix(line, []byte("ACK ")):
			return sideband.NewDemuxer(sideband.Sideband64k, r), nil
		default:
			return nil, errors.New("the server's answer is not a pack")
		}
	}
	return nil, ended(lines.Err())
}

// refusedError is a server's own word that it does not give what was asked for.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return "the server says: " + e.text }

// ended is the error of an answer that stopped before its end.
func ended(err error) error {
	var line *pktline.ErrorLine
	switch {
	case errors.As(err, &line):
		return &refusedError{text: printable(line.Text)}
	case err != nil:
		return fmt.Errorf("the server's answer cannot be read: %w", err)
	default:
		return errors.New("the server's answer ended early")
	}
}

// limitedReader fails where more than a number of bytes come.
type limitedReader struct {
	r    io.Reader
	left int64
	what string
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, failure(TooLarge, "%s larger than the limit: raise the limit or make the repository smaller", l.what)
	}
	return n, err
}
