// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import "fmt"

// Reason says what kind of fault a SourceError is.
type Reason string

// The reasons of a SourceError.
const (
	// ReasonNotFound means that the tree does not hold the path.
	ReasonNotFound Reason = "NotFound"
	// ReasonInvalid means that files or options cannot be understood.
	ReasonInvalid Reason = "Invalid"
	// ReasonUnsupported means that this version does not render such a source.
	ReasonUnsupported Reason = "Unsupported"
	// ReasonRefused means that the source asks for something that is never done, such as
	// reading what is outside its repository.
	ReasonRefused Reason = "Refused"
	// ReasonCrashed means that the worker process ended before it answered.
	ReasonCrashed Reason = "Crashed"
)

// SourceError reports that a source cannot be rendered as it is.
type SourceError struct {
	// Reason is the kind of fault.
	Reason Reason
	// Path is where in the repository the fault is; empty where no path is to blame.
	Path string
	// Err says what is wrong, in words for the source's author.
	Err error
}

// Error returns the path and what is wrong there.
func (e *SourceError) Error() string {
	if e.Path == "" || e.Path == "." {
		return e.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *SourceError) Unwrap() error { return e.Err }

// LimitError reports that a render was stopped because it passed a limit.
type LimitError struct {
	// Limit is what is limited, such as "combined size of the manifests".
	Limit string
	// Value is the limit with its unit, such as "10 MiB".
	Value string
}

// Error returns which limit was passed and what to do.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the source passes the limit of %s on the %s: make the source smaller, or split it",
		e.Value, e.Limit)
}

func fault(reason Reason, path, format string, args ...any) *SourceError {
	return &SourceError{Reason: reason, Path: path, Err: fmt.Errorf(format, args...)}
}
