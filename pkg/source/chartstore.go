// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	archiveSuffix = ".tgz"
	chartSuffix   = ".json"
)

// chartStore keeps archives by the digest of their content, and which version of which
// chart each of them is, within a number of bytes. A file that is lost is fetched again.
type chartStore struct {
	dir      string
	maxBytes int64
	bounds   archiveBounds

	mu    sync.Mutex
	trees map[string]Tree
	order []string
	sizes map[string]int64
	held  int64
}

// keptChart is what the store knows of a version of a chart.
type keptChart struct {
	Chart   chartVersion `json:"chart"`
	Archive string       `json:"archive"`
	Strip   bool         `json:"strip"`
}

// heldTreeBytes bounds the unpacked trees in memory.
const heldTreeBytes = 128 << 20

func newChartStore(dir string, maxBytes int64, bounds archiveBounds) (*chartStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &chartStore{
		dir: dir, maxBytes: maxBytes, bounds: bounds, trees: map[string]Tree{}, sizes: map[string]int64{},
	}, nil
}

// nameOf is the file of a version of a chart: names that others chose stay out of paths.
func (s *chartStore) nameOf(origin string, question chartQuestion) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", origin, question.chart, question.revision))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:])+chartSuffix)
}

// last returns a version that was read before.
func (s *chartStore) last(origin string, question chartQuestion) (chartVersion, Tree, bool) {
	content, err := os.ReadFile(s.nameOf(origin, question))
	var kept keptChart
	if err != nil || json.Unmarshal(content, &kept) != nil || len(kept.Archive) != sha256.Size*2 || !isHex(kept.Archive) {
		return chartVersion{}, nil, false
	}
	now := time.Now()
	// The order of use survives a restart as the files' times; losing it costs nothing.
	_ = os.Chtimes(s.nameOf(origin, question), now, now)
	tree, err := s.open(kept)
	return kept.Chart, tree, err == nil
}

func (s *chartStore) open(kept keptChart) (Tree, error) {
	key := fmt.Sprint(kept.Archive, kept.Strip)
	s.mu.Lock()
	tree, has := s.trees[key]
	s.mu.Unlock()
	file := filepath.Join(s.dir, kept.Archive+archiveSuffix)
	now := time.Now()
	_ = os.Chtimes(file, now, now)
	if has {
		return tree, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if digestOf(content) != kept.Archive {
		_ = os.Remove(file)
		return nil, failure(Damaged, "the copy on disk is damaged and will be fetched again")
	}
	return s.unpack(key, content, kept.Strip)
}

func (s *chartStore) unpack(key string, content []byte, strip bool) (Tree, error) {
	tree, size, err := unpack(bytes.NewReader(content), s.bounds, strip)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.trees[key]; has {
		return tree, nil
	}
	s.trees[key], s.sizes[key] = tree, size
	s.order, s.held = append(s.order, key), s.held+size
	for s.held > heldTreeBytes && len(s.order) > 1 {
		oldest := s.order[0]
		s.order, s.held = s.order[1:], s.held-s.sizes[oldest]
		delete(s.trees, oldest)
		delete(s.sizes, oldest)
	}
	return tree, nil
}

// put keeps the archive of a version, once it can be unpacked.
func (s *chartStore) put(origin string, question chartQuestion, found chartVersion, content []byte) (Tree, error) {
	kept := keptChart{Chart: found, Archive: digestOf(content), Strip: !found.Plain}
	tree, err := s.unpack(fmt.Sprint(kept.Archive, kept.Strip), content, kept.Strip)
	if err != nil {
		return nil, err
	}
	record, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	err = writeWhole(filepath.Join(s.dir, kept.Archive+archiveSuffix), content)
	if err == nil {
		err = writeWhole(s.nameOf(origin, question), record)
	}
	if err != nil {
		return nil, fmt.Errorf("keep a chart: %w", err)
	}
	return tree, s.bound()
}

func writeWhole(name string, content []byte) error {
	part, err := os.CreateTemp(filepath.Dir(name), "part-*")
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	if closeErr := part.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(part.Name(), name)
	}
	if err != nil {
		_ = os.Remove(part.Name())
	}
	return err
}

// bound removes the files that were used longest ago.
func (s *chartStore) bound() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var files []os.FileInfo
	total := int64(0)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			files = append(files, info)
			total += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, file := range files {
		if total <= s.maxBytes {
			break
		}
		if os.Remove(filepath.Join(s.dir, file.Name())) == nil {
			total -= file.Size()
		}
	}
	return nil
}
