// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const (
	service = "/plugin.ConfigManagementPluginService/"
	// chunkBytes is the size of a part of an archive.
	chunkBytes = 32 << 10
	// maxFlagBytes bounds an answer that is yes or no.
	maxFlagBytes = 64 << 10
)

// dial connects to a plugin. The socket is what protects it: there is no TLS, as with the peer.
func (p *Plugins) dial(name string, maxBytes int) (*grpc.ClientConn, error) {
	return grpc.NewClient("unix:"+p.path(name),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(codec{}), grpc.MaxCallRecvMsgSize(max(maxBytes, maxFlagBytes))))
}

// discovers asks whether a plugin can tell which sources are its own.
func (p *Plugins) discovers(ctx context.Context, name string) (bool, error) {
	connection, err := p.dial(name, maxFlagBytes)
	if err != nil {
		return false, err
	}
	defer func() { _ = connection.Close() }()
	got := answer{}
	err = connection.Invoke(ctx, service+"CheckPluginConfiguration", message{}, &got)
	return got.set, said(err)
}

// stream sends a tree to a method and returns its answer. The directory that is needed has to be whole.
func (p *Plugins) stream(ctx context.Context, method string, r Request, needed string) (answer, error) {
	packed, err := pack(ctx, r.Tree, needed)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = packed.Close() }()
	connection, err := p.dial(r.Name, r.MaxBytes)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = connection.Close() }()
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, service+method)
	if err != nil {
		return answer{}, said(err)
	}
	// A plugin that ends early says why in its answer.
	if err = send(stream, r, packed); err != nil && !errors.Is(err, io.EOF) {
		return answer{}, said(err)
	}
	got := answer{}
	err = stream.RecvMsg(&got)
	return got, said(err)
}

func send(stream grpc.ClientStream, r Request, packed *archive) error {
	if err := stream.SendMsg(metadata(r, packed.sum, packed.size)); err != nil {
		return err
	}
	part := make([]byte, chunkBytes)
	for {
		n, err := packed.Read(part)
		if n > 0 {
			if failed := stream.SendMsg(chunk(part[:n])); failed != nil {
				return failed
			}
		}
		if errors.Is(err, io.EOF) {
			return stream.CloseSend()
		}
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
	}
}

// said is an error with the plugin's own words, cut to what is safe to show.
func said(err error) error {
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.DeadlineExceeded, codes.Canceled:
		// Either side may be the first to give up.
		return errors.New("it did not answer before the deadline of the render")
	}
	const longest = 2000
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != '\n' {
			return ' '
		}
		return r
	}, status.Convert(err).Message())
	return errors.New(strings.ToValidUTF8(text[:min(len(text), longest)], ""))
}
