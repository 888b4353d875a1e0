// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"k8s.io/utils/lru"
)

const (
	shallowMode = "shallow"
	historyMode = "history"
	// commitsFile lists the commits that are there as a whole, oldest first. Without
	// history it is the file by which Git itself knows where history was cut.
	commitsFile = "shallow"
	tipsFile    = "capstan-commits"

	cachedObjectBytes = 8 << 20
	cachedTrees       = 8192
	cachedSizes       = 65536
	cachedCommits     = 256
)

// store is one bare repository on disk. Objects are only ever added; where it becomes
// crowded or damaged another store takes its place, and its directory is removed once no
// Tree reads from it.
type store struct {
	dir    string
	mode   string
	bounds limits
	trees  *lru.Cache // entries by id of a directory
	sizes  *lru.Cache // bytes by id of a file
	heads  *lru.Cache // snapshots by id of a commit

	mu      sync.Mutex // the object storage is not safe for concurrent use
	objects *filesystem.Storage
	whole   map[plumbing.Hash]bool // commits known to be there as a whole
	commits []plumbing.Hash        // those of them that were fetched, oldest first
	checked map[plumbing.Hash]bool // trees known to be there as a whole
	bytes   int64
	packs   int
	loose   int
	broken  error
}

func newStore(parent, mode string, bounds limits) (*store, error) {
	dir, err := os.MkdirTemp(parent, mode+"-*.git")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/main\n"), 0o600); err != nil {
		return nil, err
	}
	return openStore(dir, bounds)
}

func openStore(dir string, bounds limits) (*store, error) {
	mode, _, _ := strings.Cut(filepath.Base(dir), "-")
	storage := filesystem.NewStorageWithOptions(
		osfs.New(dir, osfs.WithBoundOS()),
		cache.NewObjectLRU(cachedObjectBytes),
		filesystem.Options{MaxOpenDescriptors: 4},
	)
	if err := storage.Init(); err != nil {
		return nil, err
	}
	s := &store{
		dir: dir, mode: mode, bounds: bounds, objects: storage,
		trees:   lru.New(cachedTrees),
		sizes:   lru.New(cachedSizes),
		heads:   lru.New(cachedCommits),
		whole:   map[plumbing.Hash]bool{},
		checked: map[plumbing.Hash]bool{},
	}
	return s, errors.Join(s.readCommits(), s.measure())
}

func (s *store) listPath() string {
	if s.mode == shallowMode {
		return filepath.Join(s.dir, commitsFile)
	}
	return filepath.Join(s.dir, tipsFile)
}

func (s *store) readCommits() error {
	content, err := os.ReadFile(s.listPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(content)) {
		id, ok := fullID(strings.TrimSuffix(line, "\n"))
		if !ok {
			return errors.New("the list of commits is damaged")
		}
		s.commits = append(s.commits, id)
	}
	return nil
}

func (s *store) writeCommits() error {
	var content strings.Builder
	for _, id := range s.commits {
		content.WriteString(id.String() + "\n")
	}
	fresh := s.listPath() + ".new"
	if err := os.WriteFile(fresh, []byte(content.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, s.listPath())
}

// measure counts what is on disk and removes what an interrupted fetch left.
func (s *store) measure() error {
	s.bytes, s.packs, s.loose = 0, 0, 0
	return filepath.WalkDir(filepath.Join(s.dir, "objects"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(entry.Name(), "tmp_") {
			return os.Remove(path)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		s.bytes += info.Size()
		switch filepath.Ext(entry.Name()) {
		case ".pack":
			s.packs++
		case "":
			s.loose++
		}
		return nil
	})
}

// damaged records that the store cannot be relied on any more, and returns the error to
// give to who found out. It must not wrap fs.ErrNotExist: nothing is absent, it is unknown.
func (s *store) damaged(err error) error {
	if s.broken == nil {
		s.broken = err
	}
	return failure(Damaged, "the copy on disk is damaged and will be fetched again: %s", printable(err.Error()))
}

func (s *store) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken == nil
}

// crowded tells whether the store should give way to a fresh one.
func (s *store) crowded(most crowd) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes > s.bounds.repository || s.packs > most.packs || s.loose > most.loose
}

// crowd is how much a store may collect before it is fetched anew, without what no
// reference holds any more.
type crowd struct{ packs, loose int }

// haves returns the newest commits that were fetched as a whole.
func (s *store) haves() []plumbing.Hash {
	const most = 64
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commits[max(0, len(s.commits)-most):])
}

// has tells whether a commit is there as a whole.
func (s *store) has(commit plumbing.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return false
	}
	if s.whole[commit] {
		return true
	}
	missing := s.objects.HasEncodedObject(commit)
	if missing == nil {
		missing = s.check(commit)
	}
	if missing != nil && slices.Contains(s.commits, commit) {
		s.broken = missing
	}
	s.whole[commit] = missing == nil
	return missing == nil
}

// admit records that commits were fetched, once everything that they hold is there.
func (s *store) admit(commits ...plumbing.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := make(map[plumbing.Hash]bool, len(s.commits))
	for _, known := range s.commits {
		listed[known] = true
	}
	for _, commit := range commits {
		if err := s.check(commit); err != nil {
			if reasonOf(err) == Damaged {
				// What the server was told is here is not: do not build on it.
				s.broken = err
			}
			return err
		}
		s.whole[commit] = true
		if !listed[commit] {
			listed[commit] = true
			s.commits = append(s.commits, commit)
		}
	}
	if err := s.writeCommits(); err != nil {
		return fmt.Errorf("record fetched commits: %w", err)
	}
	return nil
}
