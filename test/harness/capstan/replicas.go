// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
)

// Replicas are the servers of the overlay ha, over an etcd of their own and behind one Service.
type Replicas struct {
	// All are the replicas, as many as the manifest says.
	All []*Replica

	options Options
	etcd    *etcd
	service *service
}

// DeployReplicas builds the server, applies the overlay to the hub, and makes what its users
// have: an etcd, and the Secret that names it. It starts no replica. Options.Args and Audit are not used:
// replicas run with the flags of the manifest.
func DeployReplicas(ctx context.Context, options Options) (*Replicas, error) {
	r := &Replicas{options: options}
	if err := options.build(ctx); err != nil {
		return r, err
	}
	if err := options.apply(ctx, "ha"); err != nil {
		return r, err
	}
	if err := r.serve(ctx); err != nil {
		return r, err
	}
	if err := r.store(ctx); err != nil {
		return r, err
	}
	if err := options.logIn(ctx); err != nil {
		return r, err
	}
	return r, r.prepare(ctx)
}

// serve puts a Service that leads out of the cluster in the place of the one of the manifests,
// whose Pods do not listen.
func (r *Replicas) serve(ctx context.Context) (err error) {
	if r.service, err = newService(ctx); err != nil {
		return err
	}
	if _, err = r.options.kubectl().Run(ctx, "delete", "service", serviceName, "-n", Namespace); err != nil {
		return err
	}
	return r.options.Plane.Register(ctx, r.options.Hub, Namespace, serviceName, r.service.port())
}

func (r *Replicas) store(ctx context.Context) (err error) {
	r.etcd, err = startEtcd(ctx, filepath.Join(r.options.Plane.Bin, "etcd"), filepath.Join(r.options.Dir, "etcd"))
	if err != nil {
		return err
	}
	_, err = r.options.kubectl().Run(ctx, "create", "secret", "generic", "capstan-etcd", "-n", Namespace,
		"--from-literal", "servers="+r.etcd.url, "--from-file", "ca.crt="+r.etcd.server.CertFile,
		"--from-file", "tls.crt="+r.etcd.client.CertFile, "--from-file", "tls.key="+r.etcd.client.KeyFile)
	return err
}

// prepare reads from the hub what a replica is.
func (r *Replicas) prepare(ctx context.Context) error {
	deployment := &appsv1.Deployment{}
	if err := read(ctx, r.options.kubectl(), deployment, "deployment", serviceName); err != nil {
		return err
	}
	for i := range ptr.Deref(deployment.Spec.Replicas, 1) {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		dir := filepath.Join(r.options.Dir, fmt.Sprintf("replica-%d", i))
		args, err := pod{r.options.kubectl(), deployment.Spec.Template.Spec, dir}.arguments(ctx)
		if err != nil {
			return err
		}
		// What differs for a process of this machine: where it listens, where the Service is, and who it is.
		args = append(args, "--secure-port="+strconv.Itoa(port), "--bind-address=127.0.0.1",
			"--service-port="+strconv.Itoa(r.service.port()), "--kubeconfig="+r.options.kubeconfig())
		probe := deployment.Spec.Template.Spec.Containers[0].ReadinessProbe.HTTPGet.Path
		r.All = append(r.All, &Replica{options: r.options, args: args, dir: dir, port: port, probe: probe})
	}
	r.Route(r.All...)
	return nil
}

// URL is where the Service listens.
func (r *Replicas) URL() string { return "https://127.0.0.1:" + strconv.Itoa(r.service.port()) }

// Route makes the Service lead to these replicas alone, and cuts the connections that it has.
func (r *Replicas) Route(replicas ...*Replica) {
	addresses := make([]string, 0, len(replicas))
	for _, replica := range replicas {
		addresses = append(addresses, "127.0.0.1:"+strconv.Itoa(replica.port))
	}
	r.service.route(addresses...)
}

// Start runs the replicas that do not run, all at the same time as a Deployment does, and
// returns when all are ready and the hub's aggregator reaches one.
func (r *Replicas) Start(ctx context.Context) error {
	for _, replica := range r.All {
		if replica.Running() {
			continue
		}
		if err := replica.launch(); err != nil {
			return err
		}
	}
	for _, replica := range r.All {
		if err := replica.ready(ctx); err != nil {
			return err
		}
	}
	return r.options.available(ctx, r.All[0].process, r.All[0].LogFile())
}

// Stop ends the replicas in order and at the same time, then the Service and the store.
func (r *Replicas) Stop() error {
	err := Stop(r.All...)
	if r.service != nil {
		err = errors.Join(err, r.service.close())
	}
	if r.etcd != nil {
		err = errors.Join(err, r.etcd.stop())
	}
	return err
}
