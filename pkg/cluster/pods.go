// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod reads a pod.
func (c *Cluster) Pod(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	link, err := c.readable(ctx, namespace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	pod, err := link.logs.Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Pod %s/%s: %w", namespace, name, err)
	}
	return pod, nil
}

// Log opens the log of a pod's container; it ends with ctx, or when it is closed. It fails where the
// cluster does not begin to answer in time.
func (c *Cluster) Log(
	ctx context.Context, namespace, name string, options *corev1.PodLogOptions,
) (io.ReadCloser, error) {
	link, err := c.readable(ctx, namespace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	header := time.AfterFunc(c.options.Timeout, func() { cancel(errors.New("the log did not begin in time")) })
	stream, err := link.logs.Pods(namespace).GetLogs(name, options).Stream(ctx)
	header.Stop()
	if err != nil {
		cause := context.Cause(ctx)
		cancel(nil)
		if cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("read the log of Pod %s/%s: %w", namespace, name, err)
	}
	return boundLog{ReadCloser: stream, cancel: cancel}, nil
}

// boundLog frees what bounds a log when it is closed.
type boundLog struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close ends the log.
func (b boundLog) Close() error {
	b.cancel(nil)
	return b.ReadCloser.Close()
}

// Events hands each the Events of a namespace, page by page. It stops before the page that would pass
// limit, and then reports that there is more.
func (c *Cluster) Events(
	ctx context.Context, namespace string, limit int, each func(*corev1.Event),
) (more bool, err error) {
	link, err := c.readable(ctx, namespace)
	if err != nil {
		return false, err
	}
	options := metav1.ListOptions{Limit: pageSize}
	for seen := 0; seen < limit; {
		page, err := link.core.Events(namespace).List(ctx, options)
		if err != nil {
			return false, fmt.Errorf("list Events in namespace %q: %w", namespace, err)
		}
		for i := range page.Items {
			each(&page.Items[i])
		}
		if seen += len(page.Items); page.Continue == "" {
			return false, nil
		}
		options.Continue = page.Continue
	}
	return true, nil
}
