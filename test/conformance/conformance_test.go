// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bufio"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// maxLine bounds one case; etcd takes no object that is larger.
const maxLine = 8 << 20

var casesDir = flag.String("cases", "", "folder of case files (*.jsonl) to run")

// suite runs the cases of one file, each given as a line of JSON.
type suite func(t *testing.T, lines [][]byte)

// suites returns the suite of every case file that is known.
func suites() map[string]suite {
	return map[string]suite{
		"accept.jsonl": runAccept,
		"health.jsonl": runHealth,
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	if *casesDir == "" {
		t.Skip("no case files: run with -args -cases DIR")
	}
	files, err := filepath.Glob(filepath.Join(*casesDir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files in %s (%v)", *casesDir, err)
	}
	known := suites()
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, found := known[name]
			if !found {
				t.Fatalf("no suite runs %s; add one to suites", name)
			}
			run(t, readLines(t, file))
		})
	}
}

// readLines returns the lines of a case file that are not empty.
func readLines(t *testing.T, file string) [][]byte {
	t.Helper()
	opened, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}()
	var lines [][]byte
	scanner := bufio.NewScanner(opened)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		if len(scanner.Bytes()) > 0 {
			lines = append(lines, append([]byte(nil), scanner.Bytes()...))
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	if len(lines) == 0 {
		t.Fatalf("%s holds no case", file)
	}
	return lines
}
