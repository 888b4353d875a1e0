// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package registrytest gives storage tests a real etcd.
package registrytest

import (
	"net/url"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/storage/storagebackend"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
)

// NewStorage starts an etcd that ends with the test, and returns the server's scheme and where stores are kept.
func NewStorage(t *testing.T) (*runtime.Scheme, generic.RESTOptionsGetter) {
	t.Helper()
	scheme := install.NewScheme()
	codec := install.NewCodecs(scheme).LegacyCodec(
		argov1alpha1.SchemeGroupVersion, capstanv1alpha1.SchemeGroupVersion)
	config := storagebackend.NewDefaultConfig("/registry", codec)
	config.Transport.ServerList = []string{startEtcd(t)}
	return scheme, etcd{config: config}
}

// startEtcd starts an etcd that listens on free ports of the loopback interface, and returns its address.
func startEtcd(t *testing.T) string {
	t.Helper()
	config := embed.NewConfig()
	config.Dir = t.TempDir()
	config.LogLevel = "fatal"
	config.UnsafeNoFsync = true
	loopback := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = loopback, loopback
	config.ListenPeerUrls, config.AdvertisePeerUrls = loopback, loopback
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatalf("start etcd: %v", err)
	}
	t.Cleanup(server.Close)
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		t.Fatalf("etcd ended: %v", err)
	case <-t.Context().Done():
		t.Fatal("the test ended before etcd was ready")
	}
	return "http://" + server.Clients[0].Addr().String()
}

// etcd keeps every resource below a prefix of its own.
type etcd struct {
	config *storagebackend.Config
}

// GetRESTOptions returns where a resource is kept, without a watch cache, so that a read sees every earlier write.
func (e etcd) GetRESTOptions(resource schema.GroupResource, _ runtime.Object) (generic.RESTOptions, error) {
	return generic.RESTOptions{
		StorageConfig:           e.config.ForResource(resource),
		Decorator:               generic.UndecoratedStorage,
		ResourcePrefix:          resource.Group + "/" + resource.Resource,
		DeleteCollectionWorkers: 1,
		EnableGarbageCollection: true,
	}, nil
}
