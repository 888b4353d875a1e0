// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"
	"k8s.io/utils/clock"
)

// Options configures Repositories; only Dir is required.
type Options struct {
	// Dir is where the repositories are kept; it belongs to one process at a time.
	Dir string
	// PollInterval is how old references may be that a Snapshot relies on; 2 minutes
	// where it is 0.
	PollInterval time.Duration
	// IdleIntervals is after how many intervals without a Snapshot a repository is no
	// longer polled; 10 where it is 0.
	IdleIntervals int
	// Retention is after how long without a Snapshot a repository is removed from the
	// disk; 24 hours where it is 0.
	Retention time.Duration
	// QueryTimeout and FetchTimeout bound one query and one fetch; 1 and 10 minutes
	// where they are 0.
	QueryTimeout, FetchTimeout time.Duration
	// MaxRepositoryBytes bounds a repository on disk; 1 GiB where it is 0.
	MaxRepositoryBytes int64
	// MaxFileBytes bounds one file; 32 MiB where it is 0.
	MaxFileBytes int64
	// AllowFile accepts file:// URLs and paths, through the git command of this machine.
	AllowFile bool
	// Clock tells the time; the system's where it is nil.
	Clock clock.WithTicker
	// Registerer takes the metrics; there are none where it is nil.
	Registerer prometheus.Registerer
}

// Repositories reads Git repositories, each through one bare copy on disk.
type Repositories struct {
	options  Options
	bounds   limits
	crowd    crowd
	salt     []byte
	fetching *semaphore.Weighted
	metrics  *metrics
	charts   *charts

	mu          sync.Mutex
	known       map[string]*repository
	apps        map[string]*app
	subscribers map[int]func(url string)
	nextID      int
}

// Request is what a Snapshot is asked for.
type Request struct {
	// URL of the repository: http, https, ssh or user@host:path; oci for an artifact.
	URL string
	// Revision is empty or HEAD for the default branch, a branch, a tag, a full reference
	// name, a range of versions among the tags, or a commit id of at least 7 digits.
	Revision string
	// TagPrefix restricts versions to tags that begin with it.
	TagPrefix string
	// Chart is the name of a chart where the URL is of a chart repository or a registry; the
	// revision is then a version or a range of versions.
	Chart string
	// PassCredentials hands the credentials to every host that charts come from.
	PassCredentials bool
	// Credentials to read the repository with.
	Credentials Credentials
}

// New returns Repositories that keep what they fetch in options.Dir, which is made where
// it is missing.
func New(options Options) (*Repositories, error) {
	if options.Dir == "" {
		return nil, errors.New("source: name the directory to keep repositories in")
	}
	options.complete()
	salt, err := readSalt(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("source: prepare the directory of repositories: %w", err)
	}
	measured, err := newMetrics(options.Registerer)
	if err != nil {
		return nil, fmt.Errorf("source: register metrics: %w", err)
	}
	r := &Repositories{
		options: options,
		bounds: limits{
			repository: options.MaxRepositoryBytes,
			file:       options.MaxFileBytes,
			objects:    2 << 20,
			refs:       64 << 20,
		},
		crowd:       crowd{packs: 32, loose: 20000},
		salt:        salt,
		fetching:    semaphore.NewWeighted(4),
		metrics:     measured,
		known:       map[string]*repository{},
		apps:        map[string]*app{},
		subscribers: map[int]func(string){},
	}
	if r.charts, err = newCharts(r); err != nil {
		return nil, fmt.Errorf("source: prepare the directory of charts: %w", err)
	}
	return r, nil
}

func (o *Options) complete() {
	setDefault(&o.PollInterval, 2*time.Minute)
	setDefault(&o.IdleIntervals, 10)
	setDefault(&o.Retention, 24*time.Hour)
	setDefault(&o.QueryTimeout, time.Minute)
	setDefault(&o.FetchTimeout, 10*time.Minute)
	setDefault(&o.MaxRepositoryBytes, 1<<30)
	setDefault(&o.MaxFileBytes, 32<<20)
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
}

func setDefault[T int | int64 | time.Duration](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// readSalt returns the secret under which credentials become the names of directories.
func readSalt(dir string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "salt")
	if salt, err := os.ReadFile(name); err == nil && len(salt) == 32 {
		return salt, nil
	}
	salt := make([]byte, 32)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	return salt, os.WriteFile(name, salt, 0o600)
}

// Snapshot returns what the revision names now, by references that are not older than
// the interval. It fails with an *Error.
func (r *Repositories) Snapshot(ctx context.Context, request Request) (*Snapshot, error) {
	url, revision := strings.TrimSpace(request.URL), strings.TrimSpace(request.Revision)
	if err := checkRevision(revision); err != nil {
		return nil, about(err, Normalize(url), revision)
	}
	if request.OfCharts() {
		return r.charts.snapshot(ctx, request)
	}
	repository, err := r.repository(url, request.Credentials)
	if err != nil {
		return nil, about(err, redacted(url), "")
	}
	snapshot, err := repository.snapshot(ctx, revision, request.TagPrefix)
	if err != nil {
		if reasonOf(err) == Unreachable || reasonOf(err) == Unauthorized {
			revision = "" // the error is about the repository as a whole
		}
		return nil, about(err, repository.name, revision)
	}
	snapshot.Repository = request.URL
	if request.Credentials.LFS {
		snapshot.Tree = largeTree{Tree: snapshot.Tree, repository: repository}
	}
	return snapshot, nil
}

// redacted is a URL that could not be used, without what may be a password.
func redacted(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return printable(url)
	}
	_, rest, hasUser := strings.Cut(rest, "@")
	if !hasUser {
		rest = strings.TrimPrefix(url, scheme+"://")
	}
	rest, _, _ = strings.Cut(rest, "?")
	return printable(scheme + "://" + rest)
}

// locate takes the URL of a Git repository apart.
func (r *Repositories) locate(url string) (location, error) {
	at, err := parseLocation(url)
	if err != nil {
		return location{}, failure(Invalid, "the URL %w", err)
	}
	if at.scheme == "file" && !r.options.AllowFile {
		return location{}, failure(Invalid,
			"the URL names a directory of the server, which is not allowed: use https or ssh")
	}
	return at, nil
}

func (r *Repositories) repository(url string, credentials Credentials) (*repository, error) {
	at, err := r.locate(url)
	if err != nil {
		return nil, err
	}
	key := credentials.identity(r.salt, at.String())
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, found := r.known[key]; found {
		return known, nil
	}
	server, err := r.dial(at, url, credentials)
	if err != nil {
		return nil, err
	}
	added := &repository{
		owner: r, name: at.String(), normal: Normalize(url), remote: server,
		dir:    filepath.Join(r.options.Dir, key),
		failed: map[string]remembered{}, answers: map[string]answer{},
	}
	r.known[key] = added
	return added, nil
}

// Origin names the Git repository of a request and what it is read with. No server is asked.
func (r *Repositories) Origin(request Request) (string, error) {
	at, err := r.locate(strings.TrimSpace(request.URL))
	if err != nil {
		return "", about(err, redacted(request.URL), "")
	}
	return request.Credentials.identity(r.salt, at.String()), nil
}

// ChartOrigin names the repository of a request for a chart and what it is read with: what
// has the same name has the same content. No server is asked.
func (r *Repositories) ChartOrigin(request Request) (string, error) {
	_, _, key, err := r.charts.place(request)
	if err != nil {
		return "", about(err, redacted(request.URL), "")
	}
	return key, nil
}

// Invalidate makes the next Snapshot of a repository ask the server again, whatever the
// form of the URL and the credentials.
func (r *Repositories) Invalidate(url string) {
	normal := Normalize(url)
	r.charts.invalidate(normal)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, repository := range r.known {
		if repository.normal == normal {
			repository.invalidate()
		}
	}
}

// Subscribe calls changed with the normalized URL of a repository whenever a query finds
// other references than the one before, until stop is called. It must not block.
func (r *Repositories) Subscribe(changed func(url string)) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.nextID
	r.nextID++
	r.subscribers[id] = changed
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.subscribers, id)
	}
}

func (r *Repositories) notify(url string) {
	r.mu.Lock()
	calls := make([]func(string), 0, len(r.subscribers))
	for _, changed := range r.subscribers {
		calls = append(calls, changed)
	}
	r.mu.Unlock()
	for _, changed := range calls {
		changed(url)
	}
}
