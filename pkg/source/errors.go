// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// Reason says why a Snapshot could not be made.
type Reason string

// The reasons of an Error.
const (
	// Unreachable: the server could not be asked or did not answer as a Git server.
	Unreachable Reason = "Unreachable"
	// Unauthorized: the server refused the credentials, or asks for some.
	Unauthorized Reason = "Unauthorized"
	// NotFound: the repository or the revision does not exist.
	NotFound Reason = "NotFound"
	// Ambiguous: the revision names more than one thing.
	Ambiguous Reason = "Ambiguous"
	// Invalid: the URL, the revision or the credentials cannot be used.
	Invalid Reason = "Invalid"
	// TooLarge: a limit on sizes was passed.
	TooLarge Reason = "TooLarge"
	// Damaged: objects on disk or from the server are missing or broken; asking again
	// fetches them anew.
	Damaged Reason = "Damaged"
)

// Error says which revision of which repository could not be read, and why. Its text
// holds no secret.
type Error struct {
	// Reason is the kind of the error.
	Reason Reason
	// Repository is the URL without user information.
	Repository string
	// Revision is the revision that was asked for, "" where the error is not about one.
	Revision string

	err error
}

// Error returns the repository, the revision and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Repository != "" {
		fmt.Fprintf(&b, "repository %s: ", e.Repository)
	}
	if e.Revision != "" {
		fmt.Fprintf(&b, "revision %q: ", e.Revision)
	}
	return b.String() + e.err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

func failure(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, err: fmt.Errorf(format, args...)}
}

// about returns err as an *Error that names the repository and the revision.
func about(err error, repository, revision string) error {
	var known *Error
	if !errors.As(err, &known) {
		known = &Error{Reason: Unreachable, err: err}
	}
	named := *known
	named.Repository, named.Revision = repository, printable(revision)
	return &named
}

func reasonOf(err error) Reason {
	var known *Error
	if errors.As(err, &known) {
		return known.Reason
	}
	return ""
}

// cause is the text of an error that came from outside, without secrets, and the one
// context error that callers may want to recognise.
type cause struct {
	text string
	is   error
}

func (c *cause) Error() string { return c.text }
func (c *cause) Unwrap() error { return c.is }

// clean makes err safe to show: no URL of the request, no secret, no control characters.
func clean(err error, credentials Credentials) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	c := &cause{text: printable(credentials.scrub(err.Error()))}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			c.is = known
		}
	}
	return c
}

// printable cuts text that others wrote to a length and to characters that are safe to show.
func printable(text string) string {
	const longest = 300
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return strings.TrimSpace(text)
}
