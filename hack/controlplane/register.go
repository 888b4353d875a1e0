// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/capstan-dev/capstan/hack/controlplane/plane"
)

// registration is where a cluster's aggregator finds an API server that listens on this machine.
type registration struct {
	namespace, service string
	port               int32
}

func registerCommand() *cobra.Command {
	var what registration
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Make a Service in a cluster that leads to a port of this machine, for APIServices to name",
		Args:  cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	flags := cmd.Flags()
	cluster := flags.String("cluster", "hub", "cluster to register in")
	flags.StringVar(&what.namespace, "namespace", "argocd", "namespace of the Service, made if it is missing")
	flags.StringVar(&what.service, "service", "capstan-apiserver", "name of the Service")
	flags.Int32Var(&what.port, "port", 0, "port of localhost on which the API server listens")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path, err := dir()
		if err != nil {
			return err
		}
		if what.port < 1 || what.port > 65535 {
			return errors.New("name the port of the API server in --port")
		}
		config, err := clientcmd.BuildConfigFromFlags("", plane.Kubeconfig(path, *cluster))
		if err != nil {
			return err
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return fmt.Errorf("make a client: %w", err)
		}
		return register(cmd.Context(), client, what)
	}
	return cmd
}

// register writes the Service. The aggregator resolves an ExternalName itself and asks for no endpoints.
func register(ctx context.Context, client kubernetes.Interface, what registration) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: what.namespace}}
	_, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make namespace %s: %w", what.namespace, err)
	}
	service := applycorev1.Service(what.service, what.namespace).WithSpec(applycorev1.ServiceSpec().
		WithType(corev1.ServiceTypeExternalName).
		WithExternalName("localhost").
		WithPorts(applycorev1.ServicePort().WithName("https").WithPort(what.port)))
	_, err = client.CoreV1().Services(what.namespace).
		Apply(ctx, service, metav1.ApplyOptions{FieldManager: "controlplane", Force: true})
	if err != nil {
		return fmt.Errorf("make service %s/%s: %w", what.namespace, what.service, err)
	}
	return nil
}
