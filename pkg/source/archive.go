// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"strings"
)

// archiveBounds are what an archive may hold.
type archiveBounds struct {
	bytes   int64 // of all files together
	file    int64 // of one file
	entries int
}

// longestArchivePath bounds names in an archive, and so how deep its directories are.
const longestArchivePath = 1024

// unpack reads a gzipped tar archive into a tree. Where strip is set, the first directory of
// each name is cut off, as charts are packed. What could lead out of the archive is refused.
func unpack(from io.Reader, bounds archiveBounds, strip bool) (Tree, int64, error) {
	plain, err := gzip.NewReader(from)
	if err != nil {
		return nil, 0, failure(Invalid, "is not a gzipped archive")
	}
	// Headers count, too: an archive of nothing but names must end as well.
	limited := &limitedReader{r: plain, left: bounds.bytes + int64(bounds.entries)*1024, what: "the unpacked archive is"}
	reading := &unpacking{archive: tar.NewReader(limited), bounds: bounds, strip: strip, files: map[string]MemoryFile{}}
	for err == nil {
		err = reading.next()
	}
	if !errors.Is(err, io.EOF) {
		var known *Error
		if errors.As(err, &known) {
			return nil, 0, known
		}
		return nil, 0, failure(Invalid, "cannot be unpacked: %s", printable(err.Error()))
	}
	if err := reading.checkDirectories(); err != nil {
		return nil, 0, err
	}
	return MemoryOf(reading.files), reading.bytes, nil
}

// unpacking is an archive on its way into a tree.
type unpacking struct {
	archive *tar.Reader
	bounds  archiveBounds
	strip   bool
	files   map[string]MemoryFile
	entries int
	bytes   int64
}

// next takes one entry; io.EOF is the end.
func (u *unpacking) next() error {
	header, err := u.archive.Next()
	if err != nil {
		return err
	}
	if u.entries++; u.entries > u.bounds.entries {
		return failure(TooLarge, "holds more than %d entries", u.bounds.entries)
	}
	switch header.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg, tar.TypeSymlink:
	default:
		return failure(Invalid, "holds %q, which is neither a file nor a directory nor a symbolic link",
			printable(header.Name))
	}
	name, err := u.nameOf(header.Name)
	if err != nil || name == "" {
		return err
	}
	if _, has := u.files[name]; has {
		return failure(Invalid, "holds %q twice", printable(name))
	}
	file, err := u.read(header)
	if err != nil {
		return err
	}
	u.files[name] = file
	return nil
}

// nameOf returns the clean path of an entry, "" where nothing of it is left.
func (u *unpacking) nameOf(raw string) (string, error) {
	for segment := range strings.SplitSeq(raw, "/") {
		if segment == ".." {
			return "", failure(Invalid, "holds the name %q, which leads out of it", printable(raw))
		}
	}
	if path.IsAbs(raw) || strings.ContainsAny(raw, "\\\x00") || len(raw) > longestArchivePath {
		return "", failure(Invalid, "holds the name %q, which is not a path in it", printable(raw))
	}
	name := path.Clean(raw)
	if u.strip {
		_, below, _ := strings.Cut(name, "/")
		return below, nil
	}
	if name == "." {
		return "", nil
	}
	return name, nil
}

func (u *unpacking) read(header *tar.Header) (MemoryFile, error) {
	if header.Typeflag == tar.TypeSymlink {
		return MemoryFile{Kind: Symlink, Content: header.Linkname}, nil
	}
	if header.Size > u.bounds.file {
		return MemoryFile{}, failure(TooLarge, "holds %q of %d bytes, the limit is %d",
			printable(header.Name), header.Size, u.bounds.file)
	}
	if u.bytes += header.Size; u.bytes > u.bounds.bytes {
		return MemoryFile{}, failure(TooLarge, "holds files of more than %d bytes together", u.bounds.bytes)
	}
	content, err := io.ReadAll(u.archive)
	return MemoryFile{Kind: File, Content: string(content)}, err
}

// checkDirectories refuses a name that is a file and the directory of another one.
func (u *unpacking) checkDirectories() error {
	for name := range u.files {
		for above := path.Dir(name); above != "."; above = path.Dir(above) {
			if _, isFile := u.files[above]; isFile {
				return failure(Invalid, "holds %q as a file and as a directory", printable(above))
			}
		}
	}
	return nil
}
