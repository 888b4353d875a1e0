// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/capstan-dev/capstan/pkg/source"
)

// The limits on a tree that is sent (as Argo CD 3.5: 100 MiB packed, 1 GiB unpacked).
const (
	maxUnpackedBytes = 1 << 30
	maxArchiveBytes  = 100 << 20
	maxEntries       = 100_000
	// maxPathBytes is the longest path: a directory costs as much as it lies deep.
	maxPathBytes = 1024
)

// archive is a tree as tar.gz in a file without a name.
type archive struct {
	*os.File
	sum  string
	size int64
}

// pack writes a tree down. Submodules are left out: their files are not the tree's. One that touches the directory
// whose files are needed fails: what is made without them would miss objects.
func pack(ctx context.Context, tree source.Tree, needed string) (made *archive, err error) {
	file, err := os.CreateTemp("", "capstan-plugin-")
	if err != nil {
		return nil, fmt.Errorf("make a file for the archive: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	if err = os.Remove(file.Name()); err != nil {
		return nil, err
	}
	sum := sha256.New()
	zipped := gzip.NewWriter(io.MultiWriter(file, sum))
	p := packing{tree: tree, needed: needed, file: file, tar: tar.NewWriter(zipped)}
	if err = p.directory(ctx, "."); err != nil {
		return nil, err
	}
	if err = errors.Join(p.tar.Close(), zipped.Close()); err != nil {
		return nil, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return &archive{File: file, sum: hex.EncodeToString(sum.Sum(nil)), size: size}, err
}

type packing struct {
	tree source.Tree
	// needed is the directory that has to be whole; "" is none.
	needed  string
	file    *os.File
	tar     *tar.Writer
	bytes   int64
	entries int
}

func (p *packing) directory(ctx context.Context, name string) error {
	entries, err := p.tree.List(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := p.entry(ctx, path.Join(name, entry.Name), entry.Kind); err != nil {
			return err
		}
	}
	return nil
}

func (p *packing) entry(ctx context.Context, name string, kind source.Kind) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.entries++; p.entries > maxEntries {
		return fmt.Errorf("the repository has more than %d files: no plugin gets them", maxEntries)
	}
	if len(name) > maxPathBytes {
		return fmt.Errorf("the repository has a path of more than %d characters: no plugin gets it", maxPathBytes)
	}
	header := &tar.Header{Name: name, Mode: 0o644, Typeflag: tar.TypeReg}
	switch kind {
	case source.Submodule:
		if p.needed != "" && (within(name, p.needed) || within(p.needed, name)) {
			return fmt.Errorf("%s is a submodule, of which plugins get no files: use another tool or another path", name)
		}
		return nil
	case source.Directory:
		header.Typeflag, header.Mode = tar.TypeDir, 0o755
		if err := p.write(header, nil); err != nil {
			return err
		}
		return p.directory(ctx, name)
	case source.Executable:
		header.Mode = 0o755
	}
	data, err := source.Read(ctx, p.tree, name)
	if err != nil {
		return err
	}
	if kind == source.Symlink {
		header.Typeflag, header.Linkname = tar.TypeSymlink, string(data)
		if leadsOut(name, header.Linkname) {
			return fmt.Errorf("%s is a symbolic link out of the repository: remove it", name)
		}
		return p.write(header, nil)
	}
	header.Size = int64(len(data))
	return p.write(header, data)
}

// write adds an entry, of whatever kind, within the limits.
func (p *packing) write(header *tar.Header, data []byte) error {
	if p.bytes += int64(len(header.Name) + len(data)); p.bytes > maxUnpackedBytes {
		return fmt.Errorf("the repository has more than %d MiB: no plugin gets it", maxUnpackedBytes>>20)
	}
	if err := p.tar.WriteHeader(header); err != nil {
		return err
	}
	if _, err := p.tar.Write(data); err != nil {
		return err
	}
	return p.bounded()
}

// bounded fails where the archive is too large for the other side.
func (p *packing) bounded() error {
	size, err := p.file.Seek(0, io.SeekCurrent)
	if err == nil && size > maxArchiveBytes {
		return fmt.Errorf("the packed repository has more than %d MiB: no plugin gets it", maxArchiveBytes>>20)
	}
	return err
}

// within reports whether a path is a directory or lies in it.
func within(name, directory string) bool {
	return directory == "." || name == directory || strings.HasPrefix(name, directory+"/")
}

// leadsOut reports whether a link may lead out of the tree. One that goes up again after it went down may do so by way
// of another link.
func leadsOut(name, target string) bool {
	down := false
	for part := range strings.SplitSeq(target, "/") {
		if part == ".." && down {
			return true
		}
		down = down || part != ".." && part != "." && part != ""
	}
	to := path.Join(path.Dir(name), target)
	return path.IsAbs(target) || to == ".." || strings.HasPrefix(to, "../")
}
