// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"errors"
	"strings"
)

const (
	maxNameLength = 253
	maxSlugLength = 50
)

// normalize makes a name of a Kubernetes object from any text (as Argo CD 3.5:
// utils/template_functions.go).
func normalize(name string) string {
	name = strings.Map(func(char rune) rune {
		if isAlphanumeric(char) || char == '-' || char == '.' {
			return char
		}
		return '-'
	}, strings.ToLower(name))
	return strings.Trim(name[:min(len(name), maxNameLength)], "-.")
}

// slugify is normalize without dots and within a length: slugify [LENGTH [SMART]] NAME. It
// cuts at the last dash that leaves at most LENGTH characters unless SMART is false.
func slugify(args ...any) (string, error) {
	length, smart, usage := maxSlugLength, true, errors.New("slugify: write slugify [LENGTH [SMART]] NAME")
	if len(args) == 0 || len(args) > 3 {
		return "", usage
	}
	name, isText := args[len(args)-1].(string)
	if len(args) > 1 {
		given, isInt := args[0].(int)
		isText, length = isText && isInt, given
	}
	if len(args) > 2 {
		given, isBool := args[1].(bool)
		isText, smart = isText && isBool, given
	}
	if !isText {
		return "", usage
	}
	parts := strings.FieldsFunc(normalize(name), func(char rune) bool { return !isAlphanumeric(char) })
	return shorten(strings.Join(parts, "-"), length, smart), nil
}

func shorten(slug string, length int, smart bool) string {
	if length <= 0 || len(slug) <= length {
		return slug
	}
	if last := strings.LastIndexByte(slug[:length+1], '-'); smart && last >= 0 {
		return slug[:last]
	}
	return slug[:length]
}

func isAlphanumeric(char rune) bool { return 'a' <= char && char <= 'z' || '0' <= char && char <= '9' }
