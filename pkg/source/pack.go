// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// copyPack writes a pack to file while it checks its structure, its checksum and its
// limits, and returns how many objects it holds. What it lets pass is safe to index: no
// object inflates to more than the limit, and none is of an unknown type.
func copyPack(r io.Reader, file io.Writer, bounds limits) (uint32, error) {
	limited := &limitedReader{r: r, left: bounds.repository, what: "the repository is"}
	tee := io.TeeReader(limited, file)
	scanner := packfile.NewScanner(tee)
	_, count, err := scanner.Header()
	if err != nil {
		return 0, brokenPack(err)
	}
	if count > bounds.objects {
		return 0, failure(TooLarge, "the repository has more than %d objects", bounds.objects)
	}
	for range count {
		if err = checkObject(scanner, bounds.file); err != nil {
			return 0, brokenPack(err)
		}
	}
	if _, err = scanner.Checksum(); err != nil {
		return 0, brokenPack(err)
	}
	// What follows the pack must be read for the connection to be used again.
	_, err = io.Copy(io.Discard, limited)
	return count, brokenPack(err)
}

func checkObject(scanner *packfile.Scanner, longest int64) error {
	header, err := scanner.NextObjectHeader()
	if err != nil {
		return err
	}
	size := header.Length
	var start prefix
	content := io.Discard
	switch header.Type {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject, plumbing.REFDeltaObject:
		content = &start
	default:
		return errors.New("unknown type of object")
	}
	if size > longest {
		return failure(TooLarge, "holds an object of %d bytes, the limit is %d", size, longest)
	}
	written, _, err := scanner.NextObject(content)
	if err != nil {
		return err
	}
	if written != size {
		return errors.New("an object is shorter than it says")
	}
	if result := start.resultSize(); result > uint64(longest) {
		return failure(TooLarge, "holds an object of %d bytes, the limit is %d", result, longest)
	}
	return nil
}

// prefix keeps the first bytes of a delta, where it says how long its result is.
type prefix struct{ kept []byte }

func (p *prefix) Write(b []byte) (int, error) {
	if room := 2*binary.MaxVarintLen64 - len(p.kept); room > 0 {
		p.kept = append(p.kept, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

func (p *prefix) resultSize() uint64 {
	reader := bytes.NewReader(p.kept)
	_, _ = binary.ReadUvarint(reader) // the size of the base
	size, err := binary.ReadUvarint(reader)
	if err != nil {
		return 0
	}
	return size
}

// brokenPack gives an error of the pack's structure the reason Damaged; others stay.
func brokenPack(err error) error {
	if err == nil || reasonOf(err) != "" {
		return err
	}
	return failure(Damaged, "the server sent objects that cannot be read: %w", fmt.Errorf("%s", printable(err.Error())))
}

// untilDone reads until a context ends, for libraries that take a reader and no context.
type untilDone struct {
	io.ReadSeeker
	done func() error
}

func (u untilDone) Read(b []byte) (int, error) {
	if err := u.done(); err != nil {
		return 0, err
	}
	return u.ReadSeeker.Read(b)
}

func whileAlive(ctx context.Context, r io.ReadSeeker) io.ReadSeeker {
	return untilDone{ReadSeeker: r, done: ctx.Err}
}
