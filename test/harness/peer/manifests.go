// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Manifest is an object that a peer publishes, in an example, its documentation or the data of its tests.
type Manifest struct {
	// Name is the file, and the number of the object in it.
	Name string
	// Object is the object.
	Object unstructured.Unstructured
}

// Manifests returns the objects of the peers' kinds that are under a folder: in files of YAML, and in blocks of it in
// Markdown. Sketches that are no YAML, such as templates of it, are left out, and so is what is published twice.
func Manifests(t testing.TB, kinds map[string]*Kind, dir string) []Manifest {
	t.Helper()
	var found []Manifest
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		texts, err := documents(path)
		name, _ := filepath.Rel(dir, path)
		for number, text := range texts {
			object, ok := parse(kinds, text)
			if ok && !seen[text] {
				seen[text] = true
				found = append(found, Manifest{Name: fmt.Sprintf("%s#%d", name, number), Object: object})
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// parse reads an object of one of the kinds. The name of the kind is looked for first: to read a whole
// CustomResourceDefinition takes long.
func parse(kinds map[string]*Kind, text string) (unstructured.Unstructured, bool) {
	var object unstructured.Unstructured
	kind := regexp.MustCompile(`(?m)^kind: *(\w+)`).FindStringSubmatch(text)
	if kind == nil || kinds[kind[1]] == nil {
		return object, false
	}
	body, err := yaml.YAMLToJSON([]byte(text))
	if err != nil || object.UnmarshalJSON(body) != nil {
		return object, false
	}
	return object, object.GetAPIVersion() == "argoproj.io/v1alpha1" && kinds[object.GetKind()] != nil
}

// documents returns the YAML documents in a file; none in a file of another sort.
func documents(path string) ([]string, error) {
	extension := filepath.Ext(path)
	if extension != ".yaml" && extension != ".yml" && extension != ".md" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	blocks := []string{string(text)}
	if extension == ".md" {
		blocks = fenced(string(text))
	}
	var found []string
	for _, block := range blocks {
		found = append(found, regexp.MustCompile(`(?m)^---.*$`).Split(block, -1)...)
	}
	return found, nil
}

// fenced returns the blocks of YAML in a Markdown text, without the indentation of a block in a list.
func fenced(text string) []string {
	var blocks []string
	fence := regexp.MustCompile("(?ms)^([ \t]*)```ya?ml[^\n]*\n(.*?)^[ \t]*```")
	for _, match := range fence.FindAllStringSubmatch(text, -1) {
		lines := strings.Split(match[2], "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], match[1])
		}
		blocks = append(blocks, strings.Join(lines, "\n"))
	}
	return blocks
}
