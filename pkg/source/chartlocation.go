// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"strings"
)

const ociScheme = "oci://"

// parseChartLocation reads the URL of a chart repository, or of a registry and a path in it.
// One without a scheme is of a registry, as in Argo CD.
func parseChartLocation(raw string) (location, error) {
	raw = strings.TrimRight(strings.TrimSpace(raw), "/")
	scheme := ""
	if len(raw) >= len(ociScheme) && strings.EqualFold(raw[:len(ociScheme)], ociScheme) {
		raw, scheme = "https://"+raw[len(ociScheme):], "oci"
	} else if !strings.Contains(raw, "://") {
		raw, scheme = "https://"+raw, "oci"
	}
	const file = "/index.yaml"
	at, err := parseLocation(raw + file)
	if err != nil {
		return location{}, err
	}
	if at.scheme != "https" && at.scheme != "http" {
		return location{}, errors.New("is not one of charts: use https:// or oci://")
	}
	at.path = strings.TrimSuffix(at.path, file)
	if scheme != "" {
		at.scheme = scheme
	}
	return at, nil
}

// chartURL is the form in which two URLs are equal, with and without the scheme of registries.
func chartURL(raw string) string {
	normal := Normalize(raw)
	return strings.TrimPrefix(normal, ociScheme)
}
