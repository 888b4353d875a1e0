// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fluxTable is how the records of one table of an answer are to be read.
type fluxTable struct {
	types, defaults, names []string
}

// readFlux returns the value of each record of an answer, which is CSV with rows that say what the columns hold.
func readFlux(answer []byte) ([]any, error) {
	reader := csv.NewReader(bytes.NewReader(answer))
	reader.FieldsPerRecord = -1
	var table fluxTable
	var values []any
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		switch {
		case strings.HasPrefix(row[0], "#"):
			table.annotate(row)
		case table.names == nil || isFluxError(row):
			table.names = row
		default:
			value, err := table.value(row)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
	}
}

// isFluxError says that what follows is an error, which can come after records and without rows about its columns.
func isFluxError(row []string) bool {
	return slices.Contains(row, "error") && slices.Contains(row, "reference")
}

// annotate takes up a row about the columns. The first one begins another table.
func (t *fluxTable) annotate(row []string) {
	if t.names != nil {
		*t = fluxTable{}
	}
	switch row[0] {
	case "#datatype":
		t.types = row
	case "#default":
		t.defaults = row
	}
}

// value is what a record has in the column _value; nothing is there where that is empty. A table of errors is one.
func (t *fluxTable) value(row []string) (any, error) {
	if message := t.field(row, "error"); message != "" && !slices.Contains(t.names, "_value") {
		return nil, fmt.Errorf("the query failed: %s", message)
	}
	text := t.field(row, "_value")
	if text == "" {
		return nil, nil
	}
	kind := "string"
	if at := slices.Index(t.names, "_value"); at < len(t.types) {
		kind = t.types[at]
	}
	value, err := fluxValue(kind, text)
	if err != nil {
		return nil, fmt.Errorf("a value of the answer is no %s: %w", kind, err)
	}
	return value, nil
}

// field is what a record has in a column, or else the column's default.
func (t *fluxTable) field(row []string, name string) string {
	at := slices.Index(t.names, name)
	switch {
	case at < 0:
		return ""
	case at < len(row) && row[at] != "":
		return row[at]
	case at < len(t.defaults):
		return t.defaults[at]
	default:
		return ""
	}
}

func fluxValue(kind, text string) (any, error) {
	switch kind {
	case "double":
		return strconv.ParseFloat(text, 64)
	case "long":
		return strconv.ParseInt(text, 10, 64)
	case "unsignedLong":
		return strconv.ParseUint(text, 10, 64)
	case "boolean":
		return text == "true", nil
	case "dateTime:RFC3339", "dateTime:RFC3339Nano":
		return time.Parse(time.RFC3339Nano, text)
	case "duration":
		return time.ParseDuration(text)
	case "base64Binary":
		return base64.StdEncoding.DecodeString(text)
	default:
		return text, nil
	}
}
