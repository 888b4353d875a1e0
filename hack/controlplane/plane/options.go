// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/capstan-dev/capstan/hack/controlplane/binaries"
)

// Options say which clusters to run and how.
type Options struct {
	// Dir is an absolute path; it is made if it is missing.
	Dir      string
	Clusters []string
	Binaries binaries.Dir
	// Audit writes every request to <dir>/<cluster>/audit.log.
	Audit bool
	// Fsync makes etcd survive a crash of the machine, for a slower store.
	Fsync bool
	// Out takes one line for each cluster that is ready.
	Out io.Writer
}

func (o Options) validate() error {
	if len(o.Clusters) == 0 {
		return errors.New("name at least one cluster in --clusters")
	}
	for i, name := range o.Clusters {
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("cluster name %q: %s", name, strings.Join(problems, "; "))
		}
		if name == etcdFolder {
			return fmt.Errorf("cluster name %q is taken by the store: choose another", name)
		}
		if slices.Contains(o.Clusters[:i], name) {
			return fmt.Errorf("cluster name %q is there twice", name)
		}
	}
	return nil
}

// Kubeconfig returns the path of an administrator's kubeconfig.
func Kubeconfig(dir, cluster string) string { return filepath.Join(dir, cluster+".kubeconfig") }
