// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package collector takes traces as an OpenTelemetry collector does, over OTLP and gRPC.
//
// Input: what programs export to its endpoint. Output: the spans of a trace.
package collector

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"sync"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// Server keeps every span that it is sent.
type Server struct {
	collectorv1.UnimplementedTraceServiceServer

	endpoint string
	server   *grpc.Server

	mu    sync.Mutex
	spans []*tracev1.Span
}

// Start listens at a free port of 127.0.0.1, until Close.
func Start(ctx context.Context) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for traces: %w", err)
	}
	s := &Server{endpoint: listener.Addr().String(), server: grpc.NewServer()}
	collectorv1.RegisterTraceServiceServer(s.server, s)
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// Endpoint is the host and port to export to.
func (s *Server) Endpoint() string { return s.endpoint }

// Close cuts every connection and ends.
func (s *Server) Close() { s.server.Stop() }

// Export takes spans.
func (s *Server) Export(
	_ context.Context, request *collectorv1.ExportTraceServiceRequest,
) (*collectorv1.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			s.spans = append(s.spans, scope.GetSpans()...)
		}
	}
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

// Trace returns the spans that have arrived of a trace, whose id is 32 hexadecimal digits.
func (s *Server) Trace(id string) []*tracev1.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var spans []*tracev1.Span
	for _, span := range s.spans {
		if hex.EncodeToString(span.GetTraceId()) == id {
			spans = append(spans, span)
		}
	}
	return spans
}
