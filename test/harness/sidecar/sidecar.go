// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sidecar is a config management plugin as a process of its own would be: it speaks the protocol over a unix
// socket, by messages that are described here and not by the code under test.
package sidecar

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Call is what a plugin gets: the files of the tree, where links begin with "-> ", and the environment.
type Call struct {
	Application, Path string
	Files             map[string]string
	Environment       map[string]string
}

// Plugin is what a sidecar does.
type Plugin struct {
	// Discovers says that it can tell which sources are its own: those that Match reports.
	Discovers bool
	Match     func(Call) bool
	// Generate returns the texts that the plugin prints.
	Generate func(Call) ([]string, error)
	// Calls counts what it generated.
	Calls atomic.Int32

	messages protoreflect.FileDescriptor
}

// Serve runs a plugin at the socket of its name until the test ends.
func Serve(t *testing.T, directory, name string, p *Plugin) {
	t.Helper()
	var err error
	if p.messages, err = protodesc.NewFile(protocol(), nil); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(directory, name+".sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "plugin.ConfigManagementPluginService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "CheckPluginConfiguration", Handler: p.check}},
		Streams: []grpc.StreamDesc{
			{StreamName: "MatchRepository", ClientStreams: true, Handler: p.match},
			{StreamName: "GenerateManifest", ClientStreams: true, Handler: p.generate},
		},
	}, p)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// protocol describes the messages (as Argo CD 3.5: cmpserver/plugin/plugin.proto).
func protocol() *descriptorpb.FileDescriptorProto {
	text := func(value string) *string { return &value }
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, of string, many bool,
	) *descriptorpb.FieldDescriptorProto {
		label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		if many {
			label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		}
		made := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: &label}
		if of != "" {
			made.TypeName = text(".plugin." + of)
		}
		return made
	}
	message := func(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
		return &descriptorpb.DescriptorProto{Name: &name, Field: fields}
	}
	const (
		str, num, yes = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_INT64,
			descriptorpb.FieldDescriptorProto_TYPE_BOOL
		raw, msg = descriptorpb.FieldDescriptorProto_TYPE_BYTES, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	)
	return &descriptorpb.FileDescriptorProto{
		Name: text("plugin.proto"), Package: text("plugin"), Syntax: text("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{
			message("AppStreamRequest", field("metadata", 1, msg, "Metadata", false), field("file", 2, msg, "File", false)),
			message("Metadata", field("appName", 1, str, "", false), field("appRelPath", 2, str, "", false),
				field("checksum", 3, str, "", false), field("size", 4, num, "", false), field("env", 5, msg, "Entry", true)),
			message("Entry", field("name", 1, str, "", false), field("value", 2, str, "", false)),
			message("File", field("chunk", 1, raw, "", false)),
			message("ManifestResponse", field("manifests", 1, str, "", true), field("sourceType", 2, str, "", false)),
			message("RepositoryResponse", field("isSupported", 1, yes, "", false),
				field("isDiscoveryEnabled", 2, yes, "", false)),
			message("CheckResponse", field("isDiscoveryConfigured", 1, yes, "", false),
				field("provideGitCreds", 2, yes, "", false)),
		},
	}
}

func (p *Plugin) message(name protoreflect.Name) *dynamicpb.Message {
	return dynamicpb.NewMessage(p.messages.Messages().ByName(name))
}

func get(from protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return from.Get(from.Descriptor().Fields().ByName(name))
}

func set(to protoreflect.Message, name protoreflect.Name, value any) {
	to.Set(to.Descriptor().Fields().ByName(name), protoreflect.ValueOf(value))
}

//nolint:revive // The shape of the handler is that of grpc.
func (p *Plugin) check(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	if err := decode(p.message("CheckResponse")); err != nil {
		return nil, err
	}
	said := p.message("CheckResponse")
	set(said, "isDiscoveryConfigured", p.Discovers)
	set(said, "provideGitCreds", true)
	return said, nil
}

func (p *Plugin) match(_ any, stream grpc.ServerStream) error {
	call, err := p.receive(stream)
	if err != nil {
		return err
	}
	said := p.message("RepositoryResponse")
	set(said, "isSupported", p.Match(call))
	set(said, "isDiscoveryEnabled", true)
	return stream.SendMsg(said)
}

func (p *Plugin) generate(_ any, stream grpc.ServerStream) error {
	call, err := p.receive(stream)
	if err != nil {
		return err
	}
	p.Calls.Add(1)
	texts, err := p.Generate(call)
	if err != nil {
		return status.Error(codes.Unknown, "error generating manifests: "+err.Error())
	}
	said := p.message("ManifestResponse")
	set(said, "sourceType", "plugin")
	list := said.Mutable(said.Descriptor().Fields().ByName("manifests")).List()
	for _, one := range texts {
		list.Append(protoreflect.ValueOfString(one))
	}
	return stream.SendMsg(said)
}

// receive reads a tree and checks that it is the one that was announced.
func (p *Plugin) receive(stream grpc.ServerStream) (Call, error) {
	first := p.message("AppStreamRequest")
	if err := stream.RecvMsg(first); err != nil {
		return Call{}, err
	}
	about := get(first, "metadata").Message()
	var packed bytes.Buffer
	for {
		next := p.message("AppStreamRequest")
		err := stream.RecvMsg(next)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Call{}, err
		}
		packed.Write(get(get(next, "file").Message(), "chunk").Bytes())
	}
	sum := sha256.Sum256(packed.Bytes())
	if hex.EncodeToString(sum[:]) != get(about, "checksum").String() || int64(packed.Len()) != get(about, "size").Int() {
		return Call{}, status.Error(codes.DataLoss, "the archive is not the one that was announced")
	}
	call := Call{
		Application: get(about, "appName").String(), Path: get(about, "appRelPath").String(),
		Environment: map[string]string{},
	}
	entries := get(about, "env").List()
	for i := range entries.Len() {
		entry := entries.Get(i).Message()
		call.Environment[get(entry, "name").String()] = get(entry, "value").String()
	}
	var err error
	call.Files, err = unpack(&packed)
	return call, err
}

func unpack(packed io.Reader) (map[string]string, error) {
	zipped, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for reader := tar.NewReader(zipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, err
		}
		switch header.Typeflag {
		case tar.TypeReg:
			files[header.Name] = string(content)
		case tar.TypeSymlink:
			files[header.Name] = "-> " + header.Linkname
		}
	}
}
