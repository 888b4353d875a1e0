// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// maxLine bounds a line of a log; what is longer is cut.
const maxLine = 16 << 10

// logs are open logs that are written as one text.
type logs struct {
	streams []logStream
	filter  string
	// prefixed says from which pod a line is.
	prefixed bool
}

type logStream struct {
	io.ReadCloser
	prefix string
}

func (l *logs) close() {
	for _, stream := range l.streams {
		// Nothing was written: closing ends the request, and that is all.
		_ = stream.Close()
	}
}

// copy writes all logs side by side, whole lines at a time, until they or the context end.
func (l *logs) copy(ctx context.Context, to io.Writer, flush func()) error {
	stop := context.AfterFunc(ctx, l.close)
	defer stop()
	defer l.close()
	writer := &lineWriter{to: to, flush: flush}
	failures := make([]error, len(l.streams))
	var copying sync.WaitGroup
	for i, stream := range l.streams {
		copying.Go(func() {
			err := lines(stream, func(line []byte) error { return l.write(writer, stream, line) })
			if err != nil && ctx.Err() == nil {
				failures[i] = fmt.Errorf("the log of %s ended early: %w", strings.TrimSpace(stream.prefix), err)
			}
		})
	}
	copying.Wait()
	return errors.Join(failures...)
}

func (l *logs) write(writer *lineWriter, stream logStream, line []byte) error {
	text, inverse := strings.CutPrefix(l.filter, "!")
	if text != "" && bytes.Contains(line, []byte(text)) == inverse {
		return nil
	}
	prefix := ""
	if l.prefixed {
		prefix = stream.prefix
	}
	return writer.write(prefix, line)
}

// lineWriter lets one line at a time through.
type lineWriter struct {
	mu    sync.Mutex
	to    io.Writer
	flush func()
}

func (w *lineWriter) write(prefix string, line []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := fmt.Fprintf(w.to, "%s%s\n", prefix, line)
	w.flush()
	return err
}

// lines calls each with every line, without its end. A line beyond the bound is cut, and the rest of it
// is read past.
func lines(from io.Reader, each func(line []byte) error) error {
	reader := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := reader.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if long {
			line = append(bytes.Clone(line), "… (cut)"...)
		}
		if len(line) > 0 {
			if failed := each(bytes.TrimRight(line, "\r\n")); failed != nil {
				return failed
			}
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = reader.ReadSlice('\n')
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
