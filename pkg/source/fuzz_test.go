// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"https://h/a.git", "git@h:a", "ssh://git@[::1]:22/~a", "https://u:p@h/a", "file:///a", "/a", "https://h/%2e%2e/a",
		"http://[::1", "git@[::1]:a", "://", "https://h:x/a", `00@0:/0"000`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		normal := Normalize(raw)
		if !SameRepository(raw, raw) {
			t.Errorf("%q is not itself", raw)
		}
		at, err := parseLocation(raw)
		if err != nil {
			return
		}
		again, err := parseLocation(at.String())
		if err != nil || again != at {
			t.Errorf("%q became %q, which is %+v, not %+v (%v)", raw, at, again, at, err)
		}
		if strings.ContainsAny(at.String(), " \n\r\x00") || normal == "" {
			t.Errorf("%q became %q and %q", raw, at, normal)
		}
		if at.scheme != "file" && strings.HasPrefix(at.host, "-") {
			t.Errorf("%q has the host %q", raw, at.host)
		}
	})
}

func FuzzRevision(f *testing.F) {
	for _, seed := range []string{"", "HEAD", "v1.0.0", "^1", "*", "refs/heads/main", "main", "1.x",
		"abcdef0", "-x", "a..b"} {
		f.Add(seed, "")
		f.Add(seed, "app-")
	}
	hash := func(n byte) plumbing.Hash { return plumbing.Hash{n} }
	known := &refs{ids: map[string]plumbing.Hash{
		"HEAD": hash(1), "refs/heads/main": hash(1), "refs/heads/1.x": hash(2), "refs/tags/v1.0.0": hash(3),
		"refs/tags/v1.2.0": hash(4), "refs/tags/app-1.0.0": hash(5), "refs/tags/main": hash(6),
	}, peeled: map[string]plumbing.Hash{"refs/tags/v1.2.0": hash(7)}}
	f.Fuzz(func(t *testing.T, revision, prefix string) {
		if checkRevision(revision) != nil {
			return
		}
		found, err := known.resolve(revision, prefix)
		if (err == nil) == found.commit.IsZero() {
			t.Errorf("%q: got %v and error %v", revision, found, err)
		}
		var reason *Error
		if err != nil && !errors.As(err, &reason) {
			t.Errorf("%q: error %v has no reason", revision, err)
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add("https://h/team", "https://h/team/a", "p", "true")
	f.Add("https://h.example", "https://h.example.org/a", "", "maybe")
	f.Fuzz(func(t *testing.T, prefix, url, password, insecure string) {
		secrets := []*corev1.Secret{{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "n", Name: "s", Labels: map[string]string{secretTypeLabel: secretTypeTemplate},
			},
			Data: map[string][]byte{"url": []byte(prefix), "password": []byte(password), "insecure": []byte(insecure)},
		}}
		credentials, err := CredentialsFrom(secrets, url, "")
		if err != nil || credentials.Secret == "" {
			return
		}
		of, errOf := parseLocation(prefix)
		to, errTo := parseLocation(url)
		if errOf == nil && errTo == nil && (of.host != to.host || of.port != to.port) && of.scheme != "file" {
			t.Errorf("credentials for %q are given to %q", prefix, url)
		}
	})
}

func FuzzPush(f *testing.F) {
	f.Add([]byte(`{"ref":"refs/heads/a","after":"x","repository":{"clone_url":"https://h/a"}}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"repository":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		push, err := ParsePush(signedPush(body), body, []byte("k"))
		if (err == nil) != (len(push.URLs) > 0) {
			t.Errorf("got %+v, %v", push, err)
		}
	})
}

func FuzzServerAnswers(f *testing.F) {
	f.Add([]byte("001e# service=git-upload-pack\n0000003f1212121212121212121212121212121212121212 HEAD\x00symref=a0000"))
	f.Add([]byte("0008NAK\n0009\x01PACK0000"))
	f.Add([]byte("000dERR nope\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		found, err := readRefs(bytes.NewReader(answer))
		if (err == nil) != (found != nil) {
			t.Errorf("got %v, %v", found, err)
		}
		small := limits{repository: 1 << 20, file: 1 << 16, objects: 100}
		if pack, err := readPack(bytes.NewReader(answer)); err == nil {
			_, _ = copyPack(pack, &bytes.Buffer{}, small)
		}
		_, _ = copyPack(bytes.NewReader(answer), &bytes.Buffer{}, small)
		if entries, err := parseTree(answer); err == nil {
			for _, entry := range entries {
				if !validName(entry.Name) {
					t.Errorf("got a name %q", entry.Name)
				}
			}
		}
	})
}

func FuzzIndex(f *testing.F) {
	for _, seed := range []string{
		"entries: {shop: [{version: 1.0.0, digest: sha256:00, urls: [shop.tgz]}]}", "entries: {a: [null]}", "entries: null",
		"entries: {a: {b: c}}", "a: &a [*a]", "", "entries: {\"\": [{version: '1', urls: ['']}]}",
	} {
		f.Add([]byte(seed), "^1")
	}
	f.Fuzz(func(t *testing.T, content []byte, revision string) {
		index, err := parseIndex(content)
		if err != nil {
			return
		}
		for _, versions := range index.Charts {
			found, err := choose(versions, revision)
			if err == nil && (found.Version == "" || len(found.Locations) == 0) {
				t.Errorf("%q chose %+v", revision, found)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	for _, name := range []string{"shop/Chart.yaml", "../x", "/x", "shop", "a//b", "./a/./b", `a\b`, "a/../b"} {
		var out bytes.Buffer
		zipped := gzip.NewWriter(&out)
		archive := tar.NewWriter(zipped)
		_ = archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 1})
		_, _ = archive.Write([]byte("x"))
		_ = archive.Close()
		_ = zipped.Close()
		f.Add(out.Bytes(), true)
		f.Add(out.Bytes(), false)
	}
	bounds := archiveBounds{bytes: 1 << 20, file: 1 << 18, entries: 100}
	f.Fuzz(func(t *testing.T, content []byte, strip bool) {
		tree, size, err := unpack(bytes.NewReader(content), bounds, strip)
		if err != nil {
			return
		}
		if size > bounds.bytes {
			t.Errorf("%d bytes were unpacked", size)
		}
		entries, err := tree.List(".")
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !validName(entry.Name) {
				t.Errorf("the archive gave the name %q", entry.Name)
			}
		}
	})
}
