// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// looseObjects is the size of a pack up to which its objects are kept one by one, so
// that many small pushes do not make many packs (as Git: fetch.unpackLimit).
const looseObjects = 200

// receive adds the objects of a pack. Where it fails nothing was added, or objects that
// no commit needs.
func (s *store) receive(ctx context.Context, pack io.Reader) (err error) {
	file, err := os.CreateTemp(filepath.Join(s.dir, "objects", "pack"), "tmp_fetch_")
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()
		if removeErr := os.Remove(file.Name()); removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
	}()
	count, err := copyPack(pack, file, s.bounds)
	if err != nil || count == 0 {
		return err
	}
	if count > looseObjects {
		if err := s.keep(ctx, file); !errors.Is(err, packfile.ErrReferenceDeltaNotFound) {
			return err
		}
	}
	return s.unpack(ctx, file, int(count))
}

// storage hides what else the object storage can do from the parser, which would keep
// one open file for each object of a pack.
type storage struct{ storer.EncodedObjectStorer }

func (s *store) unpack(ctx context.Context, file *os.File, count int) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parser, err := packfile.NewParserWithStorage(
		packfile.NewScanner(whileAlive(ctx, file)), storage{s.objects})
	if err != nil {
		return brokenPack(err)
	}
	if _, err := parser.Parse(); err != nil {
		return brokenPack(err)
	}
	s.loose += count
	return s.grow(file)
}

// keep indexes a pack that needs no other objects and moves both into place, the index first: Git reads a pack only
// where there is an index.
func (s *store) keep(ctx context.Context, file *os.File) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	writer := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(whileAlive(ctx, file)), writer)
	if err != nil {
		return brokenPack(err)
	}
	checksum, err := parser.Parse()
	if errors.Is(err, packfile.ErrReferenceDeltaNotFound) {
		return err // a thin pack: it needs objects that are here, one by one
	}
	if err != nil {
		return brokenPack(err)
	}
	index, err := writer.Index()
	if err != nil {
		return brokenPack(err)
	}
	name := filepath.Join(s.dir, "objects", "pack", "pack-"+checksum.String())

	s.mu.Lock()
	defer s.mu.Unlock()
	if err := writeIndex(name+".idx", index); err != nil {
		return err
	}
	if err := errors.Join(s.grow(file), file.Sync(), os.Rename(file.Name(), name+".pack")); err != nil {
		return err
	}
	s.objects.Reindex()
	s.packs++
	return nil
}

// grow counts the bytes of a pack, which is close enough to what its objects take.
func (s *store) grow(file *os.File) error {
	info, err := file.Stat()
	if err == nil {
		s.bytes += info.Size()
	}
	return err
}

func writeIndex(name string, index *idxfile.MemoryIndex) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = idxfile.NewEncoder(file).Encode(index)
	return errors.Join(err, file.Sync(), file.Close())
}
