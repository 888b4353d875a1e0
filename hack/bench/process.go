// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is the server's process with its workers, by its id.
type process struct{ pid func() int }

// memory is what all processes hold. What several share, such as the program itself, counts
// once, split among them.
type memory struct {
	// Resident is the proportional set size of all, Anonymous the part that is no file's.
	Resident  int `json:"residentBytes"`
	Anonymous int `json:"anonymousBytes"`
	// Peak is the sum of the highest resident sets.
	Peak      int `json:"peakBytes"`
	Processes int `json:"processes"`
}

// ticks is how many the kernel's clock makes a second, on every Linux that Go runs on.
const ticks = 100

// cpu is the time of the server, of its workers, and of those that ended.
func (p process) cpu() (time.Duration, error) {
	var total int
	for i, pid := range p.family() {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil && i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue // a worker that ended now is in its parent's sum the next time.
		}
		if err != nil {
			return 0, fmt.Errorf("read the time of the server: %w", err)
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		// utime, stime, cutime and cstime are fields 14 to 17 of the whole line.
		for _, field := range fields[11:15] {
			n, err := strconv.Atoi(field)
			if err != nil {
				return 0, fmt.Errorf("read the time of the server: %w", err)
			}
			total += n
		}
	}
	return time.Duration(total) * time.Second / ticks, nil
}

// family is the server and its workers.
func (p process) family() []int {
	family := []int{p.pid()}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.pid()))
	if err != nil {
		return family
	}
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		for _, child := range strings.Fields(string(children)) {
			if pid, err := strconv.Atoi(child); err == nil {
				family = append(family, pid)
			}
		}
	}
	return family
}

// memory reads what the processes hold now.
func (p process) memory() (memory, error) {
	var m memory
	for _, pid := range p.family() {
		rollup, err := kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return m, err
		}
		status, err := kilobytes(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return m, err
		}
		m.Resident += rollup["Pss"]
		m.Anonymous += status["RssAnon"]
		m.Peak += status["VmHWM"]
		m.Processes++
	}
	return m, nil
}

// kilobytes reads the lines of a file of /proc that end in kB, as bytes.
func kilobytes(name string) (map[string]int, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the memory of the server: %w", err)
	}
	values := map[string]int{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		number, isSize := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if n, err := strconv.Atoi(strings.TrimSpace(number)); isSize && err == nil {
			values[key] = n << 10
		}
	}
	return values, nil
}

// resetPeak makes the highest resident set the present one.
func (p process) resetPeak() error {
	for _, pid := range p.family() {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return fmt.Errorf("reset the peak of the server's memory: %w", err)
		}
	}
	return nil
}
