// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"io"
	"os"
	"os/exec"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// stream is one conversation with an upload-pack process.
type stream struct {
	in    io.Writer
	out   io.Reader
	close func() error
}

// streamRemote speaks Git's protocol over a connection in both directions.
type streamRemote struct {
	open        func(ctx context.Context) (*stream, error)
	credentials Credentials
	bounds      limits
}

func (s *streamRemote) refs(ctx context.Context) (*refs, error) {
	conversation, found, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	_, _ = conversation.in.Write(pktline.FlushPkt)
	_ = conversation.close()
	return found, nil
}

func (s *streamRemote) pack(ctx context.Context, request packRequest) (io.ReadCloser, error) {
	body, err := request.encode()
	if err != nil {
		return nil, err
	}
	conversation, _, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conversation.in.Write(body)
	var pack io.Reader
	if err == nil {
		pack, err = readPack(conversation.out)
	}
	if err != nil {
		_ = conversation.close()
		return nil, s.failed(err)
	}
	return &packReader{r: pack, close: conversation.close, clean: s.failed}, nil
}

// begin opens a conversation and reads the references that the server begins with.
func (s *streamRemote) begin(ctx context.Context) (*stream, *refs, error) {
	conversation, err := s.open(ctx)
	if err != nil {
		return nil, nil, s.failed(err)
	}
	// The limit holds for the references alone: the pack has its own.
	limited := &limitedReader{r: conversation.out, left: s.bounds.refs, what: "the list of references is"}
	found, err := readRefs(limited)
	if err != nil {
		_ = conversation.close()
		return nil, nil, s.failed(err)
	}
	return conversation, found, nil
}

func (s *streamRemote) failed(err error) error { return transportError(err, s.credentials) }

// localStream reads a repository of this machine through the git command. It is for
// tests and demonstrations: the server refuses such URLs unless told otherwise.
func localStream(path string) func(ctx context.Context) (*stream, error) {
	return func(ctx context.Context) (*stream, error) {
		if _, err := os.Stat(path); err != nil {
			return nil, failure(NotFound, "there is no such directory")
		}
		command := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "upload-pack", "--strict", "--", path)
		in, err := command.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := command.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := command.Start(); err != nil {
			return nil, err
		}
		return &stream{in: in, out: out, close: func() error {
			_ = in.Close()
			_ = command.Process.Kill()
			_ = command.Wait()
			return nil
		}}, nil
	}
}
