// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/capstan-dev/capstan/hack/controlplane/binaries"
	"github.com/capstan-dev/capstan/hack/controlplane/podstage"
)

// startRest runs the controller manager and the pod stage against an API server that is ready.
func (c *Cluster) startRest(ctx context.Context, client kubernetes.Interface) error {
	child, err := c.run(binaries.ControllerManager, controllerManagerFlags(c))
	if err != nil {
		return err
	}
	staged, err := c.startStage(ctx, client)
	if err != nil {
		return err
	}
	return await(ctx, child, func(ctx context.Context) error {
		select {
		case <-staged:
			return usable(ctx, client)
		default:
			return fmt.Errorf("the pod stage has not begun")
		}
	})
}

// usable tells whether pods can be created: the controllers have made what a namespace needs.
func usable(ctx context.Context, client kubernetes.Interface) error {
	core := client.CoreV1()
	if _, err := core.ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{}); err != nil {
		return err
	}
	_, err := core.ConfigMaps(metav1.NamespaceDefault).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	return err
}

// startStage returns a channel that is closed when the stage is ready.
func (c *Cluster) startStage(ctx context.Context, client kubernetes.Interface) (<-chan struct{}, error) {
	log, err := os.OpenFile(filepath.Join(c.dir, "pod-stage.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of the pod stage: %w", err)
	}
	stage, err := podstage.New(client)
	if err != nil {
		return nil, fmt.Errorf("pod stage: %w", err)
	}
	logger := textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(log)))
	ctx, cancel := context.WithCancel(klog.NewContext(ctx, logger))
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer log.Close() //nolint:errcheck // nothing can be done about a log that is lost.
		stage.Run(ctx, func() { close(ready) })
	}()
	c.stopStage = func() {
		cancel()
		<-ended
	}
	return ready, nil
}
