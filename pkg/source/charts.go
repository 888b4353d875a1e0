// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

// chartRemote is a chart repository or a registry, read with one set of credentials.
type chartRemote interface {
	// resolve finds the version of a chart by what the server said not before a time.
	resolve(ctx context.Context, chart, revision string, notBefore time.Time) (chartVersion, error)
	// fetch returns the archive of a version.
	fetch(ctx context.Context, chart string, wanted chartVersion) ([]byte, error)
}

// charts reads charts and artifacts for Repositories.
type charts struct {
	owner *Repositories
	store *chartStore
	// parsing has one index read at a time: that takes many times its size.
	parsing *semaphore.Weighted

	mu    sync.Mutex
	known map[string]*chartOrigin
}

func newCharts(owner *Repositories) (*charts, error) {
	bounds := archiveBounds{bytes: 100 << 20, file: owner.bounds.file, entries: 20_000}
	store, err := newChartStore(filepath.Join(owner.options.Dir, chartsDir), owner.options.MaxRepositoryBytes, bounds)
	if err != nil {
		return nil, err
	}
	return &charts{owner: owner, store: store, parsing: semaphore.NewWeighted(1), known: map[string]*chartOrigin{}}, nil
}

// chartOrigin is one repository or registry path with one set of credentials.
type chartOrigin struct {
	owner  *charts
	key    string
	name   string // the URL without a password
	normal string // the form that subscribers know
	remote chartRemote
	// resolving and fetching let all who ask for the same at the same time share an answer.
	resolving, fetching singleflight.Group

	mu      sync.Mutex
	used    time.Time
	stale   time.Time // answers from before are asked for again
	answers map[chartQuestion]chartAnswer
}

// chartQuestion is what an Application asks for.
type chartQuestion struct{ chart, revision string }

// chartAnswer is the last answer to a question.
type chartAnswer struct {
	found chartVersion
	err   error
	at    time.Time
}

// chartsDir is where archives are kept, among the directories of repositories.
const chartsDir = "charts"

// mostAnswers bounds what an origin remembers.
const mostAnswers = 4096

// OfCharts reports that a request is for a chart repository or a registry, not for Git.
func (r Request) OfCharts() bool {
	return r.Chart != "" || strings.HasPrefix(strings.ToLower(r.URL), ociScheme)
}

// snapshot returns the tree of what a request names.
func (c *charts) snapshot(ctx context.Context, request Request) (*Snapshot, error) {
	if err := checkChartName(request.Chart); err != nil {
		return nil, about(err, redacted(request.URL), "")
	}
	origin, err := c.origin(request)
	if err != nil {
		return nil, about(err, redacted(request.URL), "")
	}
	question := chartQuestion{chart: request.Chart, revision: strings.TrimSpace(request.Revision)}
	found, tree, err := origin.read(ctx, question)
	if err != nil {
		return nil, about(err, origin.name, strings.Trim(question.chart+" "+question.revision, " "))
	}
	return &Snapshot{Repository: request.URL, Revision: found.Version, Tree: tree}, nil
}

// checkChartName refuses what a server or a path could understand in another way.
func checkChartName(name string) error {
	for segment := range strings.SplitSeq(name, "/") {
		if name != "" && (segment == "" || segment == "." || segment == "..") || printable(segment) != segment ||
			strings.ContainsAny(segment, `\?#%@:`) {
			return failure(Invalid, "the name of the chart %q is not one: write its name in the repository", printable(name))
		}
	}
	return nil
}

// place names where a request is read, and with what.
func (c *charts) place(request Request) (at location, name, key string, err error) {
	if at, err = parseChartLocation(request.URL); err != nil {
		return location{}, "", "", failure(Invalid, "the URL %w", err)
	}
	name = at.scheme + "://" + at.authority() + at.path
	key = "charts-" + request.Credentials.identity(c.owner.salt, name)
	if request.PassCredentials {
		key += "-pass"
	}
	return at, name, key, nil
}

func (c *charts) origin(request Request) (*chartOrigin, error) {
	at, name, key, err := c.place(request)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, found := c.known[key]; found {
		return known, nil
	}
	remote, err := c.dial(at, request)
	if err != nil {
		return nil, err
	}
	added := &chartOrigin{
		owner: c, key: key, name: name, normal: Normalize(request.URL), remote: remote,
		answers: map[chartQuestion]chartAnswer{},
	}
	c.known[key] = added
	return added, nil
}

func (c *charts) dial(at location, request Request) (chartRemote, error) {
	if at.scheme == "oci" {
		return newOCICharts(at, request.Credentials, c.store.bounds)
	}
	return newHTTPCharts(at, request, c)
}

// read resolves a question and returns the tree, fetched where it is missing. An exact
// version that was read before is there also while the server is not.
func (o *chartOrigin) read(ctx context.Context, question chartQuestion) (chartVersion, Tree, error) {
	now := o.owner.owner.options.Clock.Now()
	o.mu.Lock()
	o.used = now
	o.mu.Unlock()
	if isDigest(question.revision) {
		// What a digest names never changes.
		if kept, tree, ok := o.owner.store.last(o.key, question); ok {
			return kept, tree, nil
		}
	}
	found, err := o.resolve(ctx, question)
	if err != nil {
		if reason := reasonOf(err); reason == Unreachable && exactVersion(question.revision) {
			if kept, tree, ok := o.owner.store.last(o.key, question); ok {
				return kept, tree, nil
			}
		}
		return chartVersion{}, nil, err
	}
	kept, tree, ok := o.owner.store.last(o.key, chartQuestion{question.chart, found.Version})
	if ok && kept.Digest == found.Digest {
		return found, tree, nil
	}
	tree, err = shareIn(ctx, &o.fetching, question.chart+"\x00"+found.Version+"\x00"+found.Digest,
		func(ctx context.Context) (Tree, error) { return o.fetch(ctx, question.chart, found) })
	return found, tree, err
}

// resolve answers from memory for an interval.
func (o *chartOrigin) resolve(ctx context.Context, question chartQuestion) (chartVersion, error) {
	options := o.owner.owner.options
	now := options.Clock.Now()
	o.mu.Lock()
	known, has := o.answers[question]
	notBefore := latest(now.Add(-options.PollInterval), o.stale)
	o.mu.Unlock()
	lasts := options.PollInterval
	if known.err != nil {
		lasts = min(retryAfter, lasts)
	}
	if has && known.at.After(notBefore) && now.Sub(known.at) < lasts {
		return known.found, known.err
	}
	found, err := shareIn(ctx, &o.resolving, question.chart+"\x00"+question.revision+"\x00"+notBefore.String(),
		func(ctx context.Context) (chartVersion, error) {
			ctx, cancel := context.WithTimeout(ctx, options.QueryTimeout)
			defer cancel()
			return o.remote.resolve(ctx, question.chart, question.revision, notBefore)
		})
	if ctx.Err() != nil {
		return chartVersion{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.answers) >= mostAnswers {
		clear(o.answers)
	}
	o.answers[question] = chartAnswer{found: found, err: err, at: now}
	return found, err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// fetch gets an archive, checks it and keeps it.
func (o *chartOrigin) fetch(ctx context.Context, chart string, wanted chartVersion) (Tree, error) {
	ctx, cancel := context.WithTimeout(ctx, o.owner.owner.options.FetchTimeout)
	defer cancel()
	if err := o.owner.owner.fetching.Acquire(ctx, 1); err != nil {
		return nil, failure(Unreachable, "gave up waiting for other downloads: %w", err)
	}
	defer o.owner.owner.fetching.Release(1)
	content, err := o.remote.fetch(ctx, chart, wanted)
	if err != nil {
		return nil, err
	}
	if got := digestOf(content); wanted.Digest != "" && wanted.Digest != got {
		return nil, failure(Damaged, "the archive has the digest %s, the repository says %s: ask who keeps the repository",
			got, wanted.Digest)
	}
	return o.owner.store.put(o.key, chartQuestion{chart, wanted.Version}, wanted, content)
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// refresh asks again what Applications asked for, and reports whether an answer changed. All
// questions have the time of one: a slow server must not keep others from being asked.
func (o *chartOrigin) refresh(ctx context.Context) bool {
	options := o.owner.owner.options
	ctx, cancel := context.WithTimeout(ctx, options.QueryTimeout)
	defer cancel()
	o.mu.Lock()
	before := make(map[chartQuestion]chartAnswer, len(o.answers))
	for question, answer := range o.answers {
		if options.Clock.Since(answer.at) >= options.PollInterval {
			before[question] = answer
		}
	}
	o.mu.Unlock()
	changed := false
	for question, old := range before {
		found, err := o.resolve(ctx, question)
		if reasonOf(err) == Unreachable {
			break
		}
		differs := old.err != nil || found.Version != old.found.Version || found.Digest != old.found.Digest
		changed = changed || err == nil && differs
	}
	return changed
}

// invalidate makes the next question ask the server.
func (c *charts) invalidate(normal string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, origin := range c.known {
		if origin.normal == normal {
			origin.mu.Lock()
			origin.stale = c.owner.options.Clock.Now()
			origin.mu.Unlock()
		}
	}
}

// poll asks the servers of origins in use, forgets those that nobody uses, and tells of
// changes.
func (c *charts) poll(ctx context.Context) {
	options := c.owner.options
	idle := time.Duration(options.IdleIntervals) * options.PollInterval
	c.mu.Lock()
	var due []*chartOrigin
	for key, origin := range c.known {
		origin.mu.Lock()
		unused := options.Clock.Since(origin.used)
		origin.mu.Unlock()
		switch {
		case unused < idle:
			due = append(due, origin)
		case unused >= options.Retention:
			delete(c.known, key)
		}
	}
	c.mu.Unlock()
	slots := make(chan struct{}, concurrentPolls)
	var polls sync.WaitGroup
	for _, origin := range due {
		slots <- struct{}{}
		polls.Go(func() {
			defer func() { <-slots }()
			if origin.refresh(ctx) {
				c.owner.notify(origin.normal)
			}
		})
	}
	polls.Wait()
}
