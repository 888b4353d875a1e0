// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forbiddenCalls are what a worker has no use for: programs, sockets of any kind (Landlock
// knows TCP alone), files, and looking into other processes. They fail with EACCES.
func forbiddenCalls() []uint32 {
	return append([]uint32{
		unix.SYS_EXECVE, unix.SYS_EXECVEAT,
		unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN,
		unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_UNLINKAT, unix.SYS_MKDIRAT,
		unix.SYS_RENAMEAT2, unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_MKNODAT,
		unix.SYS_TRUNCATE, unix.SYS_FCHMODAT, unix.SYS_FCHOWNAT,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD,
		unix.SYS_IO_URING_SETUP, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_KEYCTL, unix.SYS_MOUNT,
		unix.SYS_UNSHARE, unix.SYS_SETNS,
	}, legacyCalls()...)
}

// Where the kernel keeps a call's number and its architecture in the data of a filter.
const (
	callNumber       = 0
	callArchitecture = 4
)

// forbidSystemCalls installs a filter on every thread of the process. It does nothing on an
// architecture whose call numbers it does not know.
func forbidSystemCalls() error {
	if auditArchitecture == 0 {
		return nil
	}
	calls := forbiddenCalls()
	refuse := uint8(len(calls) + 1)
	program := []unix.SockFilter{
		load(callArchitecture),
		jump(unix.BPF_JEQ, auditArchitecture, 1, 0),
		answerWith(unix.SECCOMP_RET_KILL_PROCESS),
		load(callNumber),
		// Numbers above are another view of the same calls (x32).
		jump(unix.BPF_JGE, 0x4000_0000, refuse, 0),
	}
	for i, call := range calls {
		program = append(program, jump(unix.BPF_JEQ, call, refuse-uint8(i)-1, 0))
	}
	program = append(program, answerWith(unix.SECCOMP_RET_ALLOW),
		answerWith(unix.SECCOMP_RET_ERRNO|uint32(unix.EACCES)))
	return install(program)
}

func install(program []unix.SockFilter) error {
	// The filter needs a thread that has given up gaining privileges; the flag then spreads both.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	failed, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	runtime.KeepAlive(program)
	if errno != 0 || failed != 0 {
		return fmt.Errorf("install a system call filter: %w (thread %d)", errno, failed)
	}
	return nil
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(test uint16, value uint32, ifTrue, ifFalse uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: value, Jt: ifTrue, Jf: ifFalse}
}

func answerWith(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}
