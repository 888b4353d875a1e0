// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"cmp"
	"context"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// maxPods bounds the logs that are read side by side.
const maxPods = 20

// defaultContainer names the container that is meant where none is named, as for kubectl.
const defaultContainer = "kubectl.kubernetes.io/default-container"

// Log answers applications/log: it opens the logs of the pods that the options choose, all of the
// Application's tree, and returns what writes them.
func (i *Inspector) Log(
	ctx context.Context, app *v1alpha1.Application, options *v1alpha1.ApplicationLogOptions,
) (func(ctx context.Context, to io.Writer, flush func()) error, error) {
	target, _, err := i.Places.Place(app)
	if err != nil {
		return nil, plain(err)
	}
	pods, err := i.podsOf(ctx, target, app, options)
	if err != nil {
		return nil, err
	}
	logs := &logs{filter: options.Filter, prefixed: len(pods) > 1}
	for _, pod := range pods {
		if err := logs.open(ctx, target, pod, options); err != nil {
			logs.close()
			return nil, err
		}
	}
	return logs.copy, nil
}

// podsOf finds the pods in the tree as it is now.
func (i *Inspector) podsOf(
	ctx context.Context, target *cluster.Cluster, app *v1alpha1.Application, options *v1alpha1.ApplicationLogOptions,
) ([]tree.Node, error) {
	wanted, one := wantedOf(app, options)
	if one {
		meta, err := tree.Find(ctx, i.reader(app, target), i.Places.Instance(app), wanted)
		if err != nil {
			return nil, found(wanted, err)
		}
		return []tree.Node{{Key: wanted, UID: meta.UID}}, nil
	}
	read, err := tree.Read(ctx, i.reader(app, target), i.inputOf(app, nil))
	if err != nil {
		return nil, plain(err)
	}
	members := read.Nodes
	if wanted.Kind != "" {
		members = read.Under(wanted)
	}
	var pods []tree.Node
	for _, node := range members {
		if node.Group == "" && node.Kind == "Pod" && node.UID != "" {
			pods = append(pods, node)
		}
	}
	switch {
	case len(pods) > maxPods:
		return nil, apierrors.NewBadRequest(fmt.Sprintf(
			"%d pods are meant, and at most %d are read at once: name a pod in podName, or a resource", len(pods), maxPods))
	case len(pods) == 0 && len(read.Unread) > 0:
		return nil, fmt.Errorf("no pods are known, and some could not be read: %s", read.Unread[0].Message)
	case len(pods) == 0:
		return nil, notFound(manifest.Key{Kind: cmp.Or(wanted.Kind, "Pod"), Group: wanted.Group, Name: wanted.Name})
	}
	return pods, nil
}

// wantedOf is the object that the options name, and whether that is a pod.
func wantedOf(app *v1alpha1.Application, options *v1alpha1.ApplicationLogOptions) (manifest.Key, bool) {
	wanted := manifest.Key{
		Group: options.Group, Kind: options.Kind, Namespace: options.Namespace, Name: options.Name,
	}
	if options.PodName != "" {
		wanted = manifest.Key{Kind: "Pod", Namespace: options.Namespace, Name: options.PodName}
	}
	isPod := wanted.Group == "" && wanted.Kind == "Pod"
	if wanted.Kind != "" && wanted.Namespace == "" {
		wanted.Namespace = app.Spec.Destination.Namespace
	}
	return wanted, isPod
}

// open opens one log; the pod must still be the one that was found.
func (l *logs) open(
	ctx context.Context, target *cluster.Cluster, node tree.Node, options *v1alpha1.ApplicationLogOptions,
) error {
	pod, err := target.Pod(ctx, node.Namespace, node.Name)
	if err != nil && !apierrors.IsNotFound(err) {
		return plain(err)
	}
	if err != nil || pod.UID != node.UID {
		return notFound(node.Key)
	}
	container := cmp.Or(options.Container, pod.Annotations[defaultContainer])
	if container == "" && len(pod.Spec.Containers) > 0 {
		container = pod.Spec.Containers[0].Name
	}
	stream, err := target.Log(ctx, node.Namespace, node.Name, &corev1.PodLogOptions{
		Container: container, Follow: options.Follow, TailLines: options.TailLines, SinceSeconds: options.SinceSeconds,
		SinceTime: options.SinceTime, Timestamps: options.Timestamps, Previous: options.Previous,
	})
	if err != nil {
		return plain(err)
	}
	l.streams = append(l.streams, logStream{ReadCloser: stream, prefix: "[" + node.Name + "/" + container + "] "})
	return nil
}
