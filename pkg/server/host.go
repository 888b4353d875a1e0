// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"
)

// hostCluster holds the clients of the cluster that this server is registered in.
type hostCluster struct {
	config     *rest.Config
	kubernetes kubernetes.Interface
	dynamic    dynamic.Interface
	metadata   metadata.Interface
	aggregator aggregator.Interface
}

// newHostCluster connects by a kubeconfig file, or as a Pod where the path is empty.
func newHostCluster(kubeconfig string) (*hostCluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: connect to the host cluster: %w", err)
	}
	// The host's priority and fairness throttles, not this client.
	config.QPS = -1
	h := &hostCluster{config: config}
	if h.kubernetes, err = builtinKinds(config); err != nil {
		return nil, err
	}
	if h.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	if h.metadata, err = metadata.NewForConfig(config); err != nil {
		return nil, err
	}
	h.aggregator, err = aggregator.NewForConfig(config)
	return h, err
}

// builtinKinds connects to the kinds of Kubernetes itself. They travel as protobuf, which costs a fraction of JSON.
func builtinKinds(config *rest.Config) (kubernetes.Interface, error) {
	binary := rest.CopyConfig(config)
	binary.ContentType = runtime.ContentTypeProtobuf
	binary.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	return kubernetes.NewForConfig(binary)
}
