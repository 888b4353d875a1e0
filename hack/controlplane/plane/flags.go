// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"path/filepath"
	"strings"
)

func etcdFlags(dir string, clientPort, peerPort int, fsync bool) []string {
	client := fmt.Sprintf("http://127.0.0.1:%d", clientPort)
	// The member's address is kept in the data; a constant one lets a later start listen elsewhere.
	const member = "http://127.0.0.1:2380"
	return []string{
		"--data-dir=" + filepath.Join(dir, "data"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		fmt.Sprintf("--listen-peer-urls=http://127.0.0.1:%d", peerPort),
		"--initial-advertise-peer-urls=" + member,
		"--initial-cluster=default=" + member,
		fmt.Sprintf("--unsafe-no-fsync=%t", !fsync),
		"--quota-backend-bytes=8589934592",
		"--log-level=warn",
	}
}

func apiserverFlags(c *Cluster) []string {
	key := func(name string) string { return filepath.Join(c.pkiDir(), name) }
	flags := []string{
		"--etcd-servers=" + c.etcd,
		"--etcd-prefix=/" + c.Name,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.port),
		"--tls-cert-file=" + key("apiserver.crt"),
		"--tls-private-key-file=" + key("apiserver.key"),
		"--client-ca-file=" + key("ca.crt"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + key("service-account.key"),
		"--service-account-signing-key-file=" + key("service-account.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none",
		"--requestheader-client-ca-file=" + key("proxy-ca.crt"),
		"--requestheader-allowed-names=" + aggregatorUser,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + key("proxy-client.crt"),
		"--proxy-client-key-file=" + key("proxy-client.key"),
		"--allow-privileged=true",
		"--profiling=false",
		"--v=1",
	}
	if c.audit {
		flags = append(flags,
			"--audit-policy-file="+filepath.Join(c.dir, auditPolicyFile),
			"--audit-log-path="+c.auditLog(),
			"--audit-log-mode=blocking",
			"--audit-log-maxsize=4096",
		)
	}
	return flags
}

// controllers lists what a cluster needs whose nodes, volumes and load balancers the pod stage plays.
func controllers() []string {
	names := []string{
		"clusterrole-aggregation", "cronjob", "daemonset", "deployment", "disruption", "endpoints", "endpointslice",
		"endpointslice-mirroring", "garbage-collector", "horizontal-pod-autoscaler", "job", "namespace",
		"persistentvolume-protection", "persistentvolumeclaim-protection", "replicaset", "replicationcontroller",
		"resourcequota", "root-ca-certificate-publisher", "serviceaccount", "serviceaccount-token", "statefulset",
		"ttl-after-finished", "validatingadmissionpolicy-status",
	}
	for i, name := range names {
		names[i] = name + "-controller"
	}
	return names
}

func controllerManagerFlags(c *Cluster) []string {
	flags := []string{
		"--kubeconfig=" + c.controllerKubeconfig(),
		"--controllers=" + strings.Join(controllers(), ","),
		"--leader-elect=false",
		"--use-service-account-credentials",
		"--service-account-private-key-file=" + filepath.Join(c.pkiDir(), "service-account.key"),
		"--root-ca-file=" + filepath.Join(c.pkiDir(), "ca.crt"),
		"--secure-port=0",
		"--profiling=false",
		// The defaults (20 a second) are made for clusters that live for years, not for a test that waits.
		"--kube-api-qps=300",
		"--kube-api-burst=600",
		"--v=1",
	}
	for _, kind := range []string{"deployment", "replicaset", "statefulset", "job", "service-endpoint", "namespace"} {
		flags = append(flags, fmt.Sprintf("--concurrent-%s-syncs=20", kind))
	}
	return flags
}
