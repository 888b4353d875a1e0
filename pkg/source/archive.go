// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"bufio"
	"bytes"
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

// unpack reads a tar archive, gzipped or not, into a tree. Where strip is set, the first directory of
// each name is cut off, as charts are packed. What could lead out of the archive is refused.
func unpack(from io.Reader, bounds archiveBounds, strip bool) (Tree, int64, error) {
	plain, err := unzip(bufio.NewReader(from))
	if err != nil {
		return nil, 0, failure(Invalid, "is not a gzipped archive")
	}
	// Headers count, too: an archive of nothing but names must end as well.
	limited := &limitedReader{r: plain, left: bounds.bytes + int64(bounds.entries)*1024, what: "the unpacked archive is"}
	reading := &unpacking{archive: tar.NewReader(limited), bounds: bounds, strip: strip}
	reading.files, reading.directories = map[string]MemoryFile{}, map[string]bool{}
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
	if len(reading.files) == 0 {
		return nil, 0, failure(Invalid, "holds no files")
	}
	return MemoryOf(reading.files), reading.bytes, nil
}

// unzip returns what is gzipped, and what is not as it is.
func unzip(from *bufio.Reader) (io.Reader, error) {
	if magic, err := from.Peek(2); err != nil || !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return from, nil //nolint:nilerr // too short an archive is for the reader of archives to word
	}
	return gzip.NewReader(from)
}

// unpacking is an archive on its way into a tree.
type unpacking struct {
	archive *tar.Reader
	bounds  archiveBounds
	strip   bool
	files   map[string]MemoryFile
	// directories are those that the names of files lead through.
	directories map[string]bool
	entries     int
	bytes       int64
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
	return u.lead(name)
}

// lead counts the directories of a name as entries: one name may lead through hundreds.
func (u *unpacking) lead(name string) error {
	for above := path.Dir(name); above != "." && !u.directories[above]; above = path.Dir(above) {
		u.directories[above] = true
	}
	if len(u.files)+len(u.directories) > u.bounds.entries {
		return failure(TooLarge, "holds more than %d files and directories", u.bounds.entries)
	}
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
	for name := range u.directories {
		if _, isFile := u.files[name]; isFile {
			return failure(Invalid, "holds %q as a file and as a directory", printable(name))
		}
	}
	return nil
}
