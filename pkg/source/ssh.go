// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/net/proxy"
)

const sshHandshake = 20 * time.Second

// sshStream returns how to start upload-pack on an SSH server.
func sshStream(at location, credentials Credentials) (func(ctx context.Context) (*stream, error), error) {
	port := at.port
	if port == "" {
		port = "22"
	}
	address := net.JoinHostPort(at.host, port)
	config, err := sshConfig(at, address, credentials)
	if err != nil {
		return nil, err
	}
	path, err := url.PathUnescape(at.path)
	if err != nil {
		return nil, failure(Invalid, "has no valid path")
	}
	if strings.HasPrefix(path, "/~") {
		path = path[1:]
	}
	through, err := credentials.sshProxy(address)
	if err != nil {
		return nil, err
	}
	command := "git-upload-pack '" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
	return func(ctx context.Context) (*stream, error) {
		return startSSH(ctx, address, command, config, through)
	}, nil
}

func sshConfig(at location, address string, credentials Credentials) (*ssh.ClientConfig, error) {
	if credentials.SSHPrivateKey == "" {
		return nil, failure(Unauthorized, "SSH needs a private key: add a repository Secret with sshPrivateKey")
	}
	signer, err := ssh.ParsePrivateKey([]byte(credentials.SSHPrivateKey))
	if err != nil {
		// The parser's text is not repeated: it could quote the key.
		return nil, failure(Invalid, "Secret %s: sshPrivateKey is not a private key without a passphrase",
			credentials.Secret)
	}
	config := &ssh.ClientConfig{
		User: at.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, Timeout: sshHandshake,
	}
	if config.User == "" {
		config.User = credentials.Username
	}
	if config.User == "" {
		config.User = "git"
	}
	if credentials.Insecure || credentials.InsecureIgnoreHostKey {
		config.HostKeyCallback = ssh.InsecureIgnoreHostKey()
		return config, nil
	}
	return config, trustHosts(config, address, credentials.KnownHosts)
}

// trustHosts makes the client accept the known keys of the server, and ask the server
// for a kind of key that is known.
func trustHosts(config *ssh.ClientConfig, address, knownHosts string) error {
	file, err := os.CreateTemp("", "known-hosts-")
	if err != nil {
		return fmt.Errorf("write the known hosts: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.WriteString(knownHosts)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the known hosts: %w", err)
	}
	known, err := knownhosts.NewDB(file.Name())
	if err != nil {
		return failure(Invalid, "ConfigMap argocd-ssh-known-hosts-cm cannot be read: check that each line is "+
			"a host, a kind of key and a key")
	}
	config.HostKeyAlgorithms = known.HostKeyAlgorithms(address)
	check := known.HostKeyCallback()
	config.HostKeyCallback = func(hostname string, remote net.Addr, key ssh.PublicKey) error {
		err := check(hostname, remote, key)
		switch {
		case knownhosts.IsHostUnknown(err):
			return failure(Unreachable, "the host key of %s is not known: add it to ConfigMap "+
				"argocd-ssh-known-hosts-cm", address)
		case err != nil:
			return failure(Unreachable, "the host key of %s is not the one in ConfigMap "+
				"argocd-ssh-known-hosts-cm: someone may be in between; if the key was changed on purpose, "+
				"update the ConfigMap", address)
		}
		return nil
	}
	return nil
}

func startSSH(
	ctx context.Context, address, command string, config *ssh.ClientConfig, through *url.URL,
) (*stream, error) {
	connection, err := connect(ctx, address, through)
	if err != nil {
		return nil, err
	}
	// Nothing below knows the context: closing the connection is what ends it.
	release := context.AfterFunc(ctx, func() { _ = connection.Close() })
	fail := func(err error) (*stream, error) {
		release()
		_ = connection.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, sshError(err)
	}
	_ = connection.SetDeadline(time.Now().Add(sshHandshake))
	raw, channels, requests, err := ssh.NewClientConn(connection, address, config)
	if err != nil {
		return fail(err)
	}
	_ = connection.SetDeadline(time.Time{})
	session, err := ssh.NewClient(raw, channels, requests).NewSession()
	if err != nil {
		return fail(err)
	}
	in, errIn := session.StdinPipe()
	out, errOut := session.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return fail(err)
	}
	if err := session.Start(command); err != nil {
		return fail(err)
	}
	return &stream{in: in, out: out, close: func() error { release(); return connection.Close() }}, nil
}

func connect(ctx context.Context, address string, through *url.URL) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: sshHandshake}
	if through == nil {
		return dialer.DialContext(ctx, "tcp", address)
	}
	chosen, err := proxy.FromURL(through, dialer)
	if err != nil {
		return nil, failure(Invalid, "the proxy of the repository Secret cannot be used for SSH: use socks5://")
	}
	if contextual, ok := chosen.(proxy.ContextDialer); ok {
		return contextual.DialContext(ctx, "tcp", address)
	}
	return chosen.Dial("tcp", address)
}

func sshError(err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return err
	case strings.Contains(err.Error(), "unable to authenticate"):
		return failure(Unauthorized, "the server refused the SSH key: check that it may read this repository")
	}
	return err
}
