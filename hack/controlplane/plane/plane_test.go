// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		clusters []string
		problem  string
	}{
		"names that are labels are fine":     {[]string{"hub", "eu-west-1"}, ""},
		"no cluster at all is refused":       {nil, "at least one"},
		"a name that is no label is refused": {[]string{"../hub"}, "../hub"},
		"a name that is there twice":         {[]string{"hub", "hub"}, "twice"},
		"the folder of the store":            {[]string{"etcd"}, "taken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Options{Clusters: test.clusters}.validate()
			if test.problem == "" && err != nil || test.problem != "" && !strings.Contains(errorText(err), test.problem) {
				t.Errorf("want %q, got %v", test.problem, err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPorts(t *testing.T) {
	t.Parallel()

	t.Run("a chosen port can be listened on and is below the outgoing range", func(t *testing.T) {
		t.Parallel()
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		if port < firstPort || port > lastPort {
			t.Errorf("port %d", port)
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})

	taken := errors.New("listen tcp 127.0.0.1:1: bind: address already in use")
	for name, test := range map[string]struct {
		failures []error
		starts   int
		want     error
	}{
		"another port is tried when somebody took the first":   {[]error{taken, nil}, 2, nil},
		"three ports are enough":                               {[]error{taken, taken, taken, nil}, 3, taken},
		"what has nothing to do with ports is not tried again": {[]error{os.ErrPermission, nil}, 1, os.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			starts := 0
			err := onFreePort(func(int) error {
				starts++
				return test.failures[starts-1]
			})
			if starts != test.starts || !errors.Is(err, test.want) {
				t.Errorf("%d starts, %v", starts, err)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	cluster := func(audit bool) *Cluster {
		c := newCluster(Options{Dir: "/dir", Audit: audit}, "hub", "http://127.0.0.1:1", nil)
		c.port = 20443
		return c
	}
	for name, test := range map[string]struct {
		flags []string
		with  []string
		none  string
	}{
		"the API server keeps each cluster under a prefix of its own": {
			flags: apiserverFlags(cluster(false)), with: []string{"--etcd-prefix=/hub", "--secure-port=20443"}, none: "--audit",
		},
		"the API server can speak for its users to aggregated servers": {
			flags: apiserverFlags(cluster(false)),
			with: []string{
				"--requestheader-client-ca-file=/dir/hub/pki/proxy-ca.crt", "--proxy-client-key-file=/dir/hub/pki/proxy-client.key",
			},
			none: "--enable-aggregator-routing",
		},
		"auditing blocks, so that a request that was answered is in the log": {
			flags: apiserverFlags(cluster(true)),
			with:  []string{"--audit-log-path=/dir/hub/audit.log", "--audit-log-mode=blocking"}, none: "--token-auth-file",
		},
		"controllers act as service accounts of their own": {
			flags: controllerManagerFlags(cluster(false)),
			with:  []string{"--use-service-account-credentials", "--leader-elect=false"}, none: "node-lifecycle",
		},
		"the store does not wait for the disk": {
			flags: etcdFlags("/dir/etcd", 1, 2, false), with: []string{"--unsafe-no-fsync=true"}, none: "=false",
		},
		"the store waits for the disk when it is told to": {
			flags: etcdFlags("/dir/etcd", 1, 2, true), with: []string{"--unsafe-no-fsync=false"}, none: "=true",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, flag := range test.with {
				if !slices.Contains(test.flags, flag) {
					t.Errorf("no %s in %v", flag, test.flags)
				}
			}
			if strings.Contains(strings.Join(test.flags, " "), test.none) {
				t.Errorf("%s in %v", test.none, test.flags)
			}
		})
	}
}

func TestReadyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := Ready{
		PID: 1, Bin: "/bin", Etcd: ReadyEtcd{URL: "http://127.0.0.1:1", PID: 2},
		Clusters: map[string]ReadyCluster{"hub": {
			Server: "https://127.0.0.1:2", Kubeconfig: Kubeconfig(dir, "hub"), Dir: "/dir/hub",
			PIDs: map[string]int{"kube-apiserver": 3},
		}},
	}
	if err := writeJSON(readyFile(dir), want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadReady(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.partial")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release, err := hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, refused := hold(dir); !strings.Contains(errorText(refused), "already") {
		t.Errorf("a second supervisor is let in: %v", refused)
	}
	release()
	again, err := hold(dir)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	again()
}

func TestOrdersWithoutASupervisorSayWhatToDo(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(dir string) error{
		"down": func(dir string) error { return Down(t.Context(), dir) },
		"stop": func(dir string) error { return Order(t.Context(), dir, "hub", "stop") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := call(t.TempDir()); !strings.Contains(errorText(err), "controlplane up") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{"hub/kube-apiserver.log", "hub/audit.log", "etcd/etcd.log"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		cluster, component string
		want               []string
	}{
		"all, but not the audit log": {"", "", []string{"etcd/etcd.log", "hub/kube-apiserver.log"}},
		"of one cluster":             {"hub", "", []string{"hub/kube-apiserver.log"}},
		"the audit log, when named":  {"hub", "audit", []string{"hub/audit.log"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := Logs(dir, test.cluster, test.component)
			if err != nil {
				t.Fatal(err)
			}
			for i := range files {
				files[i], err = filepath.Rel(dir, files[i])
				if err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, files); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("of a component that is not there", func(t *testing.T) {
		t.Parallel()
		if files, err := Logs(dir, "hub", "kubelet"); err == nil {
			t.Errorf("got %v", files)
		}
	})
}
