// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"fmt"
	"strconv"
	"strings"
)

// pointer reads a JSON pointer (RFC 6901). A step of digits may be a key or a place; see Path.in.
func pointer(text string) (Path, error) {
	if !strings.HasPrefix(text, "/") {
		return nil, fmt.Errorf("%q is no JSON pointer: begin it with a slash, as in /spec/replicas", text)
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	var path Path
	for _, step := range strings.Split(text[1:], "/") {
		path = append(path, unescape.Replace(step))
	}
	return path, nil
}

// resolve turns steps of digits into places where the object has a list.
func (p Path) resolve(object map[string]any) Path {
	resolved := make(Path, 0, len(p))
	var at any = object
	for _, step := range p {
		text, _ := step.(string)
		if _, isList := at.([]any); isList {
			if place, err := strconv.Atoi(text); err == nil {
				step = place
			}
		}
		resolved = append(resolved, step)
		at, _ = child(at, step)
	}
	return resolved
}
