// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitserver is a Git server over HTTP for tests and demonstrations: the git
// command behind net/http, with repositories that are written by commit.
//
// Input: files by path. Output: repositories at real URLs. It counts what clients ask,
// can be stopped and started at one address, and tells a webhook about pushes.
package gitserver

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a Server.
type Options struct {
	// Address to listen on; a free port of 127.0.0.1 where it is empty.
	Address string
	// Username and Password are asked for where Password is set.
	Username, Password string
	// Webhook is the URL that is told about each push, signed with WebhookSecret.
	Webhook, WebhookSecret string
	// WebhookClient calls the webhook; http.DefaultClient where it is nil.
	WebhookClient *http.Client
}

// Server serves the bare repositories below one directory.
type Server struct {
	dir     string
	options Options
	backend http.Handler

	refQueries, fetches atomic.Int64
	told                atomic.Pointer[time.Time]

	mu      sync.Mutex
	server  *http.Server
	address string
}

// New serves the repositories below dir, until Close.
func New(dir string, options Options) (*Server, error) {
	execPath, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("find the git command: %w", err)
	}
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	s := &Server{dir: dir, options: options, address: options.Address}
	s.backend = &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(execPath)), "git-http-backend"),
		Env:  append(gitEnvironment(), "GIT_PROJECT_ROOT="+dir, "GIT_HTTP_EXPORT_ALL=1"),
	}
	return s, s.Start()
}

// gitEnvironment keeps the configuration of the machine out.
func gitEnvironment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	}
}

// URL is where the server listens, without a slash at the end.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.address
}

// RefQueries is how many times clients asked for references.
func (s *Server) RefQueries() int { return int(s.refQueries.Load()) }

// Fetches is how many times clients asked for objects.
func (s *Server) Fetches() int { return int(s.fetches.Load()) }

// Told is when the webhook was told of a push last; the zero time where it never was.
func (s *Server) Told() time.Time {
	if told := s.told.Load(); told != nil {
		return *told
	}
	return time.Time{}
}

// Start listens again after Stop, at the same address.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return errors.New("the Git server runs already")
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for Git clients: %w", err)
	}
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server) { _ = server.Serve(listener) }(s.server)
	return nil
}

// Stop cuts every connection and refuses new ones, until Start.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		_ = s.server.Close()
		s.server = nil
	}
}

// Close stops the server; the repositories stay.
func (s *Server) Close() { s.Stop() }

// ServeHTTP answers a Git client.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "credentials are wrong or missing", http.StatusUnauthorized)
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/info/refs") && r.URL.Query().Get("service") == "git-upload-pack":
		s.refQueries.Add(1)
	case strings.HasSuffix(r.URL.Path, "/git-upload-pack"):
		s.fetches.Add(1)
	case strings.HasSuffix(r.URL.Path, "/git-receive-pack"):
		s.receive(w, r)
		return
	}
	s.backend.ServeHTTP(w, r)
}

func (s *Server) authorized(r *http.Request) bool {
	if s.options.Password == "" {
		return true
	}
	user, password, _ := r.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(user), []byte(s.options.Username)) == 1 &&
		subtle.ConstantTimeCompare([]byte(password), []byte(s.options.Password)) == 1
}

// receive takes a push by a Git client, and tells the webhook what it changed.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(strings.Trim(r.URL.Path, "/"), "/git-receive-pack")
	repository, err := s.Open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	before, errBefore := repository.refs(r.Context())
	s.backend.ServeHTTP(w, r)
	after, errAfter := repository.refs(r.Context())
	if errors.Join(errBefore, errAfter) == nil {
		_ = repository.announce(r.Context(), before, after)
	}
}
