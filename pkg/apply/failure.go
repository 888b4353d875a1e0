// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Error is why a change failed. It holds text and no cause, because a cause could quote
// what the text must not.
type Error struct {
	manifest.Key
	// Reason is the API server's, "" where the failure is not one of its answers.
	Reason metav1.StatusReason
	// Retry reports that the same change may succeed later.
	Retry bool
	text  string
}

// Error returns the message without the key.
func (e *Error) Error() string { return e.text }

// refusal is an error of this package's own, whose text quotes nothing but keys.
type refusal string

func (r refusal) Error() string { return string(r) }

// Retryable reports whether the change that failed with err may succeed when it is
// repeated unchanged.
func Retryable(err error) bool {
	var failure *Error
	if errors.As(err, &failure) {
		return failure.Retry
	}
	return transient(err)
}

func failure(key manifest.Key, err error) *Error {
	return &Error{Key: key, Reason: apierrors.ReasonForError(err), Retry: transient(err), text: message(key, err)}
}

// transient judges the errors of requests, and of finding out where to send them.
func transient(err error) bool {
	var noKind *cluster.NoKindError
	var discovery *cluster.DiscoveryError
	var unreachable *cluster.UnreachableError
	switch {
	case errors.As(err, &noKind), errors.As(err, &discovery), errors.As(err, &unreachable):
		return true
	case errors.Is(err, context.Canceled):
		return true
	case overload(err), broken(err), isUnserved(err):
		return true
	case apierrors.IsConflict(err), apierrors.ReasonForError(err) == metav1.StatusReasonInternalError:
		return true
	}
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// overload reports that the server had no room or no time for a request.
func overload(err error) bool {
	return apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || errors.Is(err, context.DeadlineExceeded)
}

// broken reports that a request ended without an answer.
func broken(err error) bool {
	var network net.Error
	return errors.As(err, &network) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) ||
		utilnet.IsHTTP2ConnectionLost(err) || errors.Is(err, syscall.ECONNREFUSED)
}

// isUnserved reports a URL that the server does not know, which happens for a moment after
// a CustomResourceDefinition was made. A missing object or namespace is not meant.
func isUnserved(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	return apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// message returns what people are told.
func message(key manifest.Key, err error) string {
	if isUnserved(err) {
		return fmt.Sprintf("the cluster does not serve %s yet; it is tried again", key.GroupKind())
	}
	if key.Group == "" && key.Kind == "Secret" {
		return withheld(err)
	}
	if broken(err) {
		return withoutAnswer(err)
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Message != "" {
		return oneLine(status.Status().Message)
	}
	return oneLine(err.Error())
}

// withheld tells of a failed Secret only what cannot quote it: API servers and admission
// webhooks put values into their messages (as in CVE-2025-23216).
func withheld(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return withoutAnswer(err)
	}
	answer := status.Status()
	reason := string(answer.Reason)
	if reason == "" {
		// A patch that does not fit the schema is answered with code 500 and no reason.
		reason = fmt.Sprintf("it does not fit the schema of its kind (code %d)", answer.Code)
	}
	text := "the API server refused the Secret: " + reason
	if answer.Details == nil {
		return text
	}
	var fields []string
	for _, cause := range answer.Details.Causes {
		if cause.Field != "" {
			fields = append(fields, fmt.Sprintf("%s (%s)", cause.Field, cause.Type))
		}
	}
	if len(fields) > 0 {
		text += ": " + strings.Join(fields, ", ")
	}
	return oneLine(text)
}

// withoutAnswer names neither addresses nor ports, so that a repeated failure reads the same.
func withoutAnswer(err error) string {
	var request *url.Error
	var noKind *cluster.NoKindError
	var discovery *cluster.DiscoveryError
	var unreachable *cluster.UnreachableError
	var own refusal
	switch {
	case errors.As(err, &own), errors.As(err, &noKind), errors.As(err, &discovery), errors.As(err, &unreachable):
		return oneLine(err.Error())
	case errors.Is(err, context.Canceled):
		return "the request was cancelled"
	case errors.As(err, &request) && request.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "the cluster did not answer in time"
	case broken(err):
		return "the connection to the cluster failed"
	default:
		return "the request to the cluster failed"
	}
}

// oneLine bounds a message and takes line breaks and control characters out of it.
func oneLine(text string) string {
	const limit = 2048
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
