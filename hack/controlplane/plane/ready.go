// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// Ready is the content of ready.json, which is there while all clusters are up.
type Ready struct {
	// PID is the supervisor's process id.
	PID int `json:"pid"`
	// Bin is the folder of the programs, kubectl among them.
	Bin      string                  `json:"bin"`
	Etcd     ReadyEtcd               `json:"etcd"`
	Clusters map[string]ReadyCluster `json:"clusters"`
}

// ReadyEtcd tells where the store listens.
type ReadyEtcd struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
}

// ReadyCluster tells how to reach a cluster and where its files are.
type ReadyCluster struct {
	Server     string `json:"server"`
	Kubeconfig string `json:"kubeconfig"`
	Dir        string `json:"dir"`
	// AuditLog is empty where nothing is audited.
	AuditLog string `json:"auditLog,omitempty"`
	// PIDs holds the process id of each program; a stopped cluster has none.
	PIDs map[string]int `json:"pids"`
}

// ReadReady reads the ready.json of a folder.
func ReadReady(dir string) (Ready, error) {
	var ready Ready
	return ready, readJSON(readyFile(dir), &ready)
}

func readyFile(dir string) string { return filepath.Join(dir, "ready.json") }

func (c *Cluster) describe() ReadyCluster {
	c.mu.Lock()
	defer c.mu.Unlock()
	ready := ReadyCluster{
		Server: c.server(), Kubeconfig: Kubeconfig(c.root, c.Name), Dir: c.dir, PIDs: map[string]int{},
	}
	if c.audit {
		ready.AuditLog = c.auditLog()
	}
	for _, child := range c.children {
		ready.PIDs[path.Base(child.Name())] = child.PID()
	}
	return ready
}

func readJSON(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

// writeJSON replaces the file at once: whoever waits for it never reads half of it.
func writeJSON(file string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	partial := file + ".partial"
	if err := os.WriteFile(partial, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.Rename(partial, file); err != nil {
		return fmt.Errorf("publish %s: %w", file, err)
	}
	return nil
}
