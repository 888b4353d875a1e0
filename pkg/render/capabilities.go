// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"strings"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// What a worker may ask of the destination besides single names of API versions.
const (
	askKubeVersion = ""
	askAPIVersions = "*"
)

// ofDestination returns what stands for the answer to a question about the destination in a
// read-set, and the answer.
func ofDestination(destination Capabilities, question string) (string, []byte, error) {
	if destination == nil {
		return "", nil, errors.New("the templates ask what the destination offers, which is not known")
	}
	switch question {
	case askKubeVersion:
		version, err := destination.KubeVersion()
		return version, []byte(version), err
	case askAPIVersions:
		names, err := destination.APIVersions()
		data := []byte(strings.Join(names, "\n"))
		return manifest.DigestOf(data).String(), data, err
	}
	served, err := destination.Serves(question)
	if !served || err != nil {
		return absent, nil, err
	}
	return "served", nil, nil
}
