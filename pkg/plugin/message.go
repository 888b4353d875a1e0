// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of the protocol's messages (as Argo CD 3.5: cmpserver/plugin/plugin.proto).
const (
	fieldMetadata = 1 // of AppStreamRequest
	fieldFile     = 2
	fieldChunk    = 1 // of File

	fieldAppName  = 1 // of ManifestRequestMetadata
	fieldAppPath  = 2
	fieldChecksum = 3
	fieldSize     = 4
	fieldEnv      = 5
	fieldName     = 1 // of EnvEntry
	fieldValue    = 2

	fieldManifests = 1 // of ManifestResponse
	fieldFlag      = 1 // of RepositoryResponse and CheckPluginConfigurationResponse
)

// maxAnswerFields bounds the texts of an answer.
const maxAnswerFields = 1 << 20

// message is what is sent, in the form that it has on the wire.
type message []byte

// answer is what comes back: the texts of field 1, or whether it is set.
type answer struct {
	texts []string
	set   bool
}

// codec carries messages that are encoded already.
type codec struct{}

// Name is the one of the encoding.
func (codec) Name() string { return "proto" }

// Marshal returns a message as it is.
func (codec) Marshal(value any) ([]byte, error) {
	made, ok := value.(message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", value)
	}
	return made, nil
}

// Unmarshal reads field 1 of a message, which is all that is of use in any answer.
func (codec) Unmarshal(data []byte, value any) error {
	into, ok := value.(*answer)
	if !ok {
		return fmt.Errorf("%T is no answer", value)
	}
	for fields := 0; len(data) > 0; fields++ {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 || fields > maxAnswerFields {
			return fmt.Errorf("the answer is not one of the protocol: %w", protowire.ParseError(n))
		}
		data = data[n:]
		switch {
		case number == fieldManifests && kind == protowire.BytesType:
			var text string
			text, n = protowire.ConsumeString(data)
			into.texts = append(into.texts, text)
		case number == fieldFlag && kind == protowire.VarintType:
			var flag uint64
			flag, n = protowire.ConsumeVarint(data)
			into.set = flag != 0
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return fmt.Errorf("the answer is not one of the protocol: %w", protowire.ParseError(n))
		}
		data = data[n:]
	}
	return nil
}

func appendText(to []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(to, field, protowire.BytesType), text)
}

func appendBytes(to []byte, field protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), data)
}

// metadata announces an archive.
func metadata(r Request, sum string, size int64) message {
	var made []byte
	made = appendText(made, fieldAppName, r.Application)
	made = appendText(made, fieldAppPath, r.Path)
	made = appendText(made, fieldChecksum, sum)
	made = protowire.AppendTag(made, fieldSize, protowire.VarintType)
	made = protowire.AppendVarint(made, uint64(size))
	for _, variable := range r.Environment {
		entry := appendText(appendText(nil, fieldName, variable.Name), fieldValue, variable.Value)
		made = appendBytes(made, fieldEnv, entry)
	}
	return appendBytes(nil, fieldMetadata, made)
}

// chunk is a part of an archive.
func chunk(data []byte) message {
	return appendBytes(nil, fieldFile, appendBytes(nil, fieldChunk, data))
}
