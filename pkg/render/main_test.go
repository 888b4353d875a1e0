// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/source"
)

// The test binary is its own worker, honest or not.
func TestMain(m *testing.M) {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case WorkerArgument:
		exitOn(WorkerMain(os.Stdin, os.Stdout))
	case "probe-worker":
		exitOn(probe(os.Args[2]))
	case "rogue-worker":
		exitOn(rogue(os.Args[2]))
	default:
		os.Exit(m.Run())
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// probe prints what a confined process cannot do; address is where somebody listens.
func probe(address string) error {
	box := confine()
	found := map[string]bool{"reported": box.isolation.FileSystem && box.isolation.Network}
	_, err := os.ReadFile("/etc/passwd")
	found["read"] = errors.Is(err, fs.ErrPermission)
	err = os.WriteFile("/tmp/capstan-render-probe", nil, 0o600)
	found["write"] = errors.Is(err, fs.ErrPermission)
	err = exec.Command("/bin/true").Run()
	found["execute"] = errors.Is(err, fs.ErrPermission)
	_, err = net.DialTimeout("tcp", address, time.Second)
	found["connect"] = errors.Is(err, syscall.EACCES)
	_, err = net.Listen("tcp", "127.0.0.1:0")
	found["listen"] = errors.Is(err, syscall.EACCES)
	_, err = net.Dial("udp", address)
	found["datagram"] = errors.Is(err, syscall.EACCES)
	found["environment"] = len(os.Environ()) == 0
	return json.NewEncoder(os.Stdout).Encode(found)
}

// rogue greets like a worker and then does something else.
func rogue(how string) error {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	if err := writeJSON(out, frameHello, isolation{FileSystem: true, Network: true}); err != nil {
		return err
	}
	_, _, err := readFrame(in, anyLength)
	if err != nil {
		return err
	}
	switch how {
	case "dies":
		return errors.New("killed")
	case "hangs":
		time.Sleep(time.Hour)
	case "runs out of memory":
		return errors.New("fatal error: runtime: out of memory")
	case "talks nonsense":
		_, err = out.WriteString("SSSSSSSSSSSSSSSSSSSS")
	case "asks for a path outside":
		err = writeFrame(out, frameRead, []byte("../../etc/passwd"))
	case "sends no object":
		err = writeFrame(out, frameManifest, []byte(`[1]`))
	case "sends an object without a name":
		err = writeFrame(out, frameManifest, []byte(`{"apiVersion":"v1","kind":"Secret"}`))
	case "claims an unknown tool":
		err = writeJSON(out, frameDone, done{Type: "Magic"})
	case "sends objects without end":
		for i := 0; err == nil; i++ {
			err = writeFrame(out, frameManifest, fmt.Appendf(nil,
				`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%d"}}`, i))
		}
	case "asks without end":
		for err == nil {
			if err = writeFrame(out, frameStat, []byte("x")); err == nil {
				err = out.Flush()
			}
			if err == nil {
				_, _, err = readFrame(in, anyLength)
			}
		}
	}
	if err == nil {
		err = out.Flush()
	}
	time.Sleep(time.Minute)
	return err
}

// newCache returns a Cache over real workers that end with the test.
func newCache(t testing.TB, options Options) *Cache {
	t.Helper()
	if options.Workers == 0 {
		options.Workers = 1
	}
	cache, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cache.Close)
	return cache
}

// inputOf returns an input of the files, which begin with "-- name --" lines.
func inputOf(t testing.TB, spec, files string) Input {
	t.Helper()
	src := v1alpha1.ApplicationSource{}
	if err := yaml.UnmarshalStrict([]byte(spec), &src); err != nil {
		t.Fatal(err)
	}
	return Input{
		Repository: "https://git.example.com/shop.git", Revision: "0123456789abcdef0123456789abcdef01234567",
		Tree: source.Memory(filesOf(files)), Source: src,
		Application: "guestbook", Namespace: "web", Project: "default",
	}
}

func filesOf(text string) map[string]string {
	files := map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(strings.TrimSpace(header), " --")
			files[name] = ""
			continue
		}
		if name != "" {
			files[name] += line
		}
	}
	return files
}

// asYAML prints manifests as a user would write them.
func asYAML(t testing.TB, manifests []manifest.Manifest) string {
	t.Helper()
	documents := make([]string, len(manifests))
	for i, m := range manifests {
		data, err := yaml.JSONToYAML(m.JSON)
		if err != nil {
			t.Fatal(err)
		}
		documents[i] = string(data)
	}
	return strings.Join(documents, "---\n")
}

// normal rewrites YAML documents in the form of asYAML.
func normal(t testing.TB, text string) string {
	t.Helper()
	documents := strings.Split(text, "---\n")
	for i, document := range documents {
		data, err := yaml.YAMLToJSON([]byte(document))
		if err == nil {
			data, err = yaml.JSONToYAML(data)
		}
		if err != nil {
			t.Fatal(err)
		}
		documents[i] = string(data)
	}
	return strings.Join(documents, "---\n")
}

// namesOf lists the kinds and names of manifests.
func namesOf(manifests []manifest.Manifest) string {
	names := make([]string, len(manifests))
	for i, m := range manifests {
		names[i] = m.Kind + "/" + m.Name
	}
	return strings.Join(names, " ")
}

// expect requires the names of manifests, or a fault that says something.
func expect(t *testing.T, output Output, err error, want, fault string) {
	t.Helper()
	switch {
	case fault != "" && (err == nil || !strings.Contains(err.Error(), fault)):
		t.Errorf("want %q, got %v", fault, err)
	case fault == "" && err != nil:
		t.Error(err)
	case namesOf(output.Manifests) != want:
		t.Errorf("got %q, want %q", namesOf(output.Manifests), want)
	}
}
