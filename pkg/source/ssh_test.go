// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, string(pem.EncodeToMemory(block))
}

// serveSSH runs upload-pack for one client key, and returns the server's address.
func serveSSH(t *testing.T, host ssh.Signer, client ssh.PublicKey) string {
	t.Helper()
	known := func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if meta.User() == "git" && string(key.Marshal()) == string(client.Marshal()) {
			return &ssh.Permissions{}, nil
		}
		return nil, io.EOF
	}
	config := &ssh.ServerConfig{PublicKeyCallback: known}
	config.AddHostKey(host)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go serveClient(t, connection, config)
		}
	}()
	return listener.Addr().String()
}

func serveClient(t *testing.T, connection net.Conn, config *ssh.ServerConfig) {
	t.Helper()
	server, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range requests {
			var line struct{ Command string }
			if request.Type != "exec" || ssh.Unmarshal(request.Payload, &line) != nil {
				continue
			}
			_ = request.Reply(true, nil)
			command := exec.CommandContext(t.Context(), "sh", "-c", line.Command)
			command.Stdin, command.Stdout = channel, channel
			_ = command.Run()
			_ = channel.Close()
		}
	}
}

func TestSSH(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(manyFiles(300))
	host, _ := newKey(t)
	other, otherKey := newKey(t)
	client, clientKey := newKey(t)
	address := serveSSH(t, host, client.PublicKey())
	url := "ssh://git@" + address + r.Dir()
	known := source.Trust{KnownHosts: knownhosts.Line([]string{knownhosts.Normalize(address)}, host.PublicKey()) + "\n"}
	wrong := source.Trust{KnownHosts: knownhosts.Line([]string{knownhosts.Normalize(address)}, other.PublicKey()) + "\n"}

	for sentence, test := range map[string]struct {
		credentials source.Credentials
		reason      source.Reason
		says        string
	}{
		"a known host": {source.Credentials{SSHPrivateKey: clientKey}.Trusting(known, url), "", ""},
		"an unknown host where that is accepted": {
			source.Credentials{SSHPrivateKey: clientKey, InsecureIgnoreHostKey: true}, "", ""},
		"an unknown host": {
			source.Credentials{SSHPrivateKey: clientKey}, source.Unreachable, "add it to ConfigMap argocd-ssh-known-hosts-cm"},
		"a host with another key": {
			source.Credentials{SSHPrivateKey: clientKey}.Trusting(wrong, url), source.Unreachable, "someone may be in between"},
		"a client key that the server does not know": {
			source.Credentials{SSHPrivateKey: otherKey}.Trusting(known, url), source.Unauthorized, "refused the SSH key"},
		"no client key": {source.Credentials{}.Trusting(known, url), source.Unauthorized, "sshPrivateKey"},
		"a client key that is none": {
			source.Credentials{Secret: "argocd/s", SSHPrivateKey: "s3cret"}, source.Invalid, "Secret argocd/s: sshPrivateKey"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			request := source.Request{URL: url, Credentials: test.credentials}
			if test.reason == "" {
				snapshot, err := w.Snapshot(t.Context(), request)
				if err != nil || snapshot.Revision == "" {
					t.Fatal(err)
				}
				return
			}
			tw := w.as(t)
			if says := tw.fails(request, test.reason); !strings.Contains(says, test.says) || strings.Contains(says, "s3cret") {
				t.Errorf("got %q, want %q", says, test.says)
			}
		})
	}
	t.Run("pushes arrive", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(manyFiles(300))
		request := source.Request{
			URL:         "ssh://git@" + address + r.Dir(),
			Credentials: source.Credentials{SSHPrivateKey: clientKey, InsecureIgnoreHostKey: true},
		}
		old := w.snapshot(request)
		for i := range 3 {
			r.push(gitserver.Commit{Files: manyFiles(301 + i)})
			w.Invalidate(request.URL)
			r.same(w.snapshot(request))
		}
		w.restart()
		request.Revision = old.Revision[:12]
		r.same(w.snapshot(request))
	})
}
