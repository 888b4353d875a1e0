// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// isolation is what a worker found closed when it tried.
type isolation struct {
	FileSystem bool `json:"fileSystem"`
	Network    bool `json:"network"`
}

// sandbox is the state of a confined worker.
type sandbox struct {
	isolation isolation
	// baseline is how much writable memory the process had mapped before its first render.
	baseline int64
	limited  *bool
}

// confine closes the file system and the network as far as the kernel can, bounds what the
// process may open and write, and tries whether that worked. It never fails: on an old
// kernel the in-memory file system of the renderers is what is left, and the parent says so.
func confine() sandbox {
	box := sandbox{baseline: writableMemory(), limited: new(bool)}
	// An error of either shows in the trial below.
	_ = landlock.V8.BestEffort().Restrict()
	_ = forbidSystemCalls()
	for resource, value := range map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_NOFILE: 64} {
		_ = unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value})
	}
	box.isolation = isolation{FileSystem: fileSystemClosed(), Network: networkClosed()}
	return box
}

// limitMemory bounds the memory of the process: softly for the collector, and hard for the
// kernel. RLIMIT_DATA counts what can be written, not the address space that Go reserves.
func (s sandbox) limitMemory(bytes int64) {
	if *s.limited || bytes <= 0 {
		return
	}
	*s.limited = true
	debug.SetMemoryLimit(bytes / 10 * 8)
	if s.baseline > 0 {
		limit := uint64(s.baseline + bytes + threadStacks)
		_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit})
	}
}

// threadStacks is what the stacks of the process's threads count for, used or not.
const threadStacks = 128 * mebibyte

func writableMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(line, []byte("VmData:"))
		if !ok {
			continue
		}
		number, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
		kibibytes, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil {
			return 0
		}
		return kibibytes << 10
	}
	return 0
}

func fileSystemClosed() bool {
	directory, err := os.Open("/")
	if err == nil {
		_ = directory.Close()
	}
	return errors.Is(err, fs.ErrPermission)
}

// networkClosed tries the discard port of this host: refused by the kernel's policy is what
// a closed network says, whether or not somebody listens.
func networkClosed() bool {
	connection, err := net.Dial("tcp", "127.0.0.1:9")
	if err == nil {
		_ = connection.Close()
	}
	return errors.Is(err, syscall.EACCES)
}
