// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

const (
	// deployed is where Applications deploy to, rawly where the raw client does.
	deployed = "bench"
	rawly    = "bench-raw"
	foreign  = "bench-foreign"
)

// bench is the stage on which scenarios are measured: one cluster, which is host and
// destination, one repository, and Capstan.
type bench struct {
	settings settings
	world    *world.World
	repo     *gitserver.Repository
	process  process
	audit    *auditLog
	token    string
	direct   *http.Client
	// capstan reaches Applications as users do, through the cluster's aggregator.
	capstan versioned.Interface
	// raw writes to the cluster as fast as it takes it.
	raw     metadata.Interface
	cluster kubernetes.Interface
	tracker *tracker
	// made is how many Applications there are, image and values what Git says now.
	made, image, commits int
	values               map[int]string
	// strangers are the versions of the objects that are not Capstan's.
	strangers map[string]string
}

func newBench(ctx context.Context, root string, s settings) (b *bench, err error) {
	b = &bench{settings: s, values: map[int]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	b.world, err = world.New(ctx, world.Options{
		Root: root, Dir: s.dir, Audit: true, Out: os.Stderr, Args: strings.Fields(s.args), Clusters: s.clusters,
	})
	if err != nil {
		return b, err
	}
	if err = b.world.Register(ctx, world.Hub, nil); err != nil {
		return b, err
	}
	b.process = process{pid: b.world.Capstan.PID}
	b.audit = newAuditLog(b.world.Plane.Clusters[world.Hub].AuditLog)
	for _, name := range []string{deployed, rawly, foreign} {
		if _, err = b.hub().Run(ctx, "create", "namespace", name); err != nil {
			return b, err
		}
	}
	if err = b.authenticate(ctx); err != nil {
		return b, err
	}
	if err = b.connect(ctx); err != nil {
		return b, err
	}
	b.repo, err = b.world.Git.Create(ctx, "monorepo", s.size.files())
	if err != nil {
		return b, err
	}
	return b, b.settle(ctx)
}

func (b *bench) hub() plane.Kubectl { return b.world.Hub() }

// authenticate makes an account that reads metrics, straight from the server.
func (b *bench) authenticate(ctx context.Context) (err error) {
	if err = b.hub().Apply(ctx, metricsReader); err != nil {
		return err
	}
	b.token, err = b.hub().Run(ctx, "create", "token", "metrics", "-n", capstan.Namespace, "--duration", "8h")
	b.direct = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // loopback.
	}}
	return err
}

// connect makes clients without limits of their own.
func (b *bench) connect(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", b.world.Plane.Clusters[world.Hub].Kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig of the hub: %w", err)
	}
	config.QPS = -1
	if b.capstan, err = versioned.NewForConfig(config); err != nil {
		return err
	}
	if b.raw, err = metadata.NewForConfig(rest.CopyConfig(config)); err != nil {
		return err
	}
	binary := rest.CopyConfig(config)
	binary.ContentType = runtime.ContentTypeProtobuf
	if b.cluster, err = kubernetes.NewForConfig(binary); err != nil {
		return err
	}
	b.tracker = newTracker()
	return b.tracker.follow(ctx, b.capstan, b.cluster)
}

// settle lets strangers into the cluster, whose objects nobody may touch.
func (b *bench) settle(ctx context.Context) error {
	objects := make([]object, 0, b.settings.foreign)
	for i := range b.settings.foreign {
		objects = append(objects, configMap(foreign, fmt.Sprintf("stranger-%05d", i), "stranger", "1"))
	}
	if err := b.applyRaw(ctx, objects); err != nil {
		return err
	}
	var err error
	b.strangers, err = b.versions(ctx, foreign)
	return err
}

// say prints progress, which is no result.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}

func (b *bench) close() error {
	if b.world == nil {
		return nil
	}
	return b.world.Close()
}
