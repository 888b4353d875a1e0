// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"github.com/capstan-dev/capstan/pkg/source"
)

// Mount is a tree beside the source's own, by the name that options refer to it with.
type Mount struct {
	// Name is what stands behind the dollar of a reference such as $values/eu.yaml.
	Name string
	// Repository is the URL of the tree, part of the cache's key.
	Repository string
	// Tree holds the files.
	Tree source.Tree
}

// tree returns a mounted tree; "" names the source's own.
func (i Input) tree(name string) (source.Tree, bool) {
	if name == "" {
		return i.Tree, true
	}
	for _, mount := range i.Mounts {
		if mount.Name == name {
			return mount.Tree, true
		}
	}
	return nil, false
}

// repository returns the URL of a mounted tree; "" names the source's own.
func (i Input) repository(name string) string {
	for _, mount := range i.Mounts {
		if mount.Name == name {
			return mount.Repository
		}
	}
	return i.Repository
}

func (i Input) mountNames() []string {
	var names []string
	for _, mount := range i.Mounts {
		names = append(names, mount.Name)
	}
	return names
}

func (i Input) mountKeys() []string {
	var keys []string
	for _, mount := range i.Mounts {
		key := mount.Name + " " + mount.Repository
		if large(mount.Tree) {
			key += " lfs"
		}
		keys = append(keys, key)
	}
	return keys
}

// questionOf names a path of a mount; the source's own needs no name.
func questionOf(mount, path string) string {
	if mount == "" {
		return path
	}
	return mount + "\x00" + path
}

func splitQuestion(question string) (mount, path string) {
	mount, path, mounted := strings.Cut(question, "\x00")
	if !mounted {
		return "", question
	}
	return mount, path
}
