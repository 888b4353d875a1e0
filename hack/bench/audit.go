// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
)

// Who the server is to the destination, and to the cluster that hosts it. Here both are one
// cluster, and the accounts tell them apart.
const (
	destinationUser = "system:serviceaccount:kube-system:argocd-manager"
	hostUser        = "system:serviceaccount:argocd:capstan"
)

// audited is how many requests each of the server's accounts made, by verb.
type audited map[string]map[string]int

// auditLog reads a cluster's audit log from where it ended the last time.
type auditLog struct {
	name   string
	offset int64
	seen   audited
}

func newAuditLog(name string) *auditLog {
	return &auditLog{name: name, seen: audited{destinationUser: {}, hostUser: {}}}
}

// read returns all counts until now.
func (a *auditLog) read() (audited, error) {
	file, err := os.Open(a.name)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was read from.
	if _, err := file.Seek(a.offset, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	lines := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what has no end yet is read the next time.
		}
		if err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		a.offset += int64(len(line))
		if err := a.note(line); err != nil {
			return nil, err
		}
	}
	copied := audited{}
	for user, verbs := range a.seen {
		copied[user] = maps.Clone(verbs)
	}
	return copied, nil
}

func (a *auditLog) note(line []byte) error {
	var event struct {
		Verb, Stage string
		User        struct{ Username string }
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	if verbs := a.seen[event.User.Username]; verbs != nil && event.Verb != "watch" && event.Stage == "ResponseComplete" {
		verbs[event.Verb]++
	}
	return nil
}
