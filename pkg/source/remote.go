// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"io"
	"maps"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// remote is the one way to a repository's server.
type remote interface {
	// refs asks for the references.
	refs(ctx context.Context) (*refs, error)
	// pack asks for objects; the reader ends with the pack.
	pack(ctx context.Context, request packRequest) (io.ReadCloser, error)
}

// refs are the references of a repository at one time.
type refs struct {
	ids     map[string]plumbing.Hash // by full name, and HEAD
	peeled  map[string]plumbing.Hash // the commit of an annotated tag
	at      time.Time                // when the query began
	epoch   uint64                   // how often the repository was invalidated before
	version uint64                   // counts from 1, equal for equal references
}

func (r *refs) equal(other *refs) bool {
	return maps.Equal(r.ids, other.ids) && maps.Equal(r.peeled, other.peeled)
}

// packRequest says which objects are wanted, and which are there already.
type packRequest struct {
	wants []plumbing.Hash
	// haves are commits that are there as a whole.
	haves []plumbing.Hash
	// shallow asks for the wanted commits without their history, and says that the
	// haves are there without theirs.
	shallow bool
}

// limits bounds what a server may send.
type limits struct {
	repository int64 // bytes of a repository on disk, and of one pack
	file       int64 // bytes of one object
	objects    uint32
	refs       int64 // bytes of an answer to a query for references
}

// dial returns the way to a repository; nothing is asked yet.
func (r *Repositories) dial(at location, raw string, credentials Credentials) (remote, error) {
	bounds := r.bounds
	switch at.scheme {
	case "file":
		return &streamRemote{open: localStream(at.path), bounds: bounds, credentials: credentials}, nil
	case "ssh":
		open, err := sshStream(at, credentials)
		if err != nil {
			return nil, err
		}
		return &streamRemote{open: open, bounds: bounds, credentials: credentials}, nil
	default:
		remote, err := newHTTPRemote(at, raw, credentials, bounds)
		if err != nil {
			return nil, err
		}
		remote.app, err = r.app(at, credentials)
		return remote, err
	}
}
