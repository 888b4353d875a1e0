// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
)

func FuzzDirectoryParser(f *testing.F) {
	f.Add([]byte(configMap + "a\n---\n"))
	f.Add([]byte("{\"kind\":\"List\",\"items\":[null]}"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("--- |\n...\n%YAML 1.2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func(*output, string, []byte) error{(*output).parseYAML, (*output).parseJSON} {
			out := &output{limits: Limits{}.withDefaults()}
			if err := parse(out, "a", data); err != nil {
				continue
			}
			for _, object := range out.objects {
				made, err := decodeManifest(object)
				if err != nil {
					t.Fatalf("the parent refuses %s: %v", object, err)
				}
				if !bytes.Equal(made.JSON, object) || bytes.ContainsRune(made.JSON, '\n') {
					t.Fatalf("not canonical: %s", object)
				}
			}
		}
	})
}

func FuzzParentDecoder(f *testing.F) {
	f.Add([]byte("S\x00\x00\x00\x01aD\x00\x00\x00\x14{\"type\":\"Directory\"}"))
	f.Add([]byte("M\x00\x00\x00\x02{}"))
	f.Add([]byte("F\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		input := Input{Tree: source.Memory(map[string]string{"a": "x", "b/c": "y"})}
		limits := Limits{OutputBytes: 1 << 16, Objects: 10, Requests: 100, ReadBytes: 1 << 16, FileBytes: 1 << 16}
		worker := &process{in: bufio.NewWriter(&bytes.Buffer{}), out: bufio.NewReader(bytes.NewReader(data)), log: &tail{}}
		talk := &conversation{process: worker, limits: limits, answers: newRecorder(input, limits)}
		got, err := talk.run(t.Context(), request{})
		if err == nil && (!talk.ended || got.sourceType == "") {
			t.Fatal("a render ended well without an end")
		}
	})
}

func FuzzListing(f *testing.F) {
	f.Add([]byte("f\x01ad\x02bc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decodeListing(data)
		if err != nil {
			return
		}
		again, err := decodeListing(encodeListing(entries))
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d entries became %d: %v", len(entries), len(again), err)
		}
	})
}
