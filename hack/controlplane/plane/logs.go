// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Logs returns the log files of a folder: of all clusters and the store, of one cluster, or of one of its components.
func Logs(dir, cluster, component string) ([]string, error) {
	pattern := func(part string) string {
		if part == "" {
			return "*"
		}
		return part
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern(cluster), pattern(component)+".log"))
	if err != nil {
		return nil, fmt.Errorf("find logs: %w", err)
	}
	// The audit log is data, many times longer than all others.
	files = slices.DeleteFunc(files, func(file string) bool {
		return component == "" && filepath.Base(file) == "audit.log"
	})
	if len(files) == 0 {
		return nil, fmt.Errorf("no log of %s/%s in %s: components are %v, and etcd/etcd",
			pattern(cluster), pattern(component), dir, components())
	}
	return files, nil
}
