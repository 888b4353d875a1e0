// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// result is what one scenario cost.
type result struct {
	Scenario string `json:"scenario"`
	Size     string `json:"size"`
	// Objects is how many objects the scenario writes.
	Objects int `json:"objects"`
	// Applied and Settled are the seconds until the last object was as Git says, and until
	// every Application said so.
	Applied float64 `json:"appliedSeconds,omitempty"`
	Settled float64 `json:"settledSeconds,omitempty"`
	// RawApplied and RawSettled are those of a raw client, the mean of one run before and one after.
	RawApplied float64 `json:"rawAppliedSeconds,omitempty"`
	RawSettled float64 `json:"rawSettledSeconds,omitempty"`
	// RawCPU is what the raw client itself took, a measure of how fast the machine is.
	RawCPU float64 `json:"rawCPUSeconds,omitempty"`
	// Latencies are milliseconds from the cause to the effect in the cluster, ascending.
	Latencies []float64 `json:"latencies,omitempty"`
	Cost      cost      `json:"cost"`
	Note      string    `json:"note,omitempty"`
	// Fault is why the scenario counts for nothing.
	Fault string `json:"fault,omitempty"`
}

// report is the whole file.
type report struct {
	Machine string   `json:"machine"`
	Flags   string   `json:"flags"`
	Results []result `json:"results"`
}

func write(s settings, results []result) error {
	machine := fmt.Sprintf("%d CPU, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	data, err := json.MarshalIndent(report{machine, strings.Join(os.Args[1:], " "), results}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(s.out), 0o755); err != nil {
		return fmt.Errorf("make the report's folder: %w", err)
	}
	return os.WriteFile(s.out, append(data, '\n'), 0o644)
}

// table prints one line a scenario.
func table(results []result) string {
	var text strings.Builder
	text.WriteString("SCENARIO\tSIZE\tAPPLIED\tRAW\tSETTLED\tRAW\tP50\tP99\tCPU\tCALLS\t/OBJECT\tWRITES\tRENDERS\tKB\t" +
		"MEMORY\tPEAK\t\n")
	for _, r := range results {
		fmt.Fprintf(&text, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.2fs\t%d\t%s\t%d\t%d\t%d\t%dM\t%dM\t%s\n",
			r.Scenario, r.Size, seconds(r.Applied), times(r.Applied, r.RawApplied), seconds(r.Settled),
			times(r.Settled, r.RawSettled), milliseconds(r.quantile(50)), milliseconds(r.quantile(99)), r.Cost.CPU,
			r.Cost.calls(), each(r.Cost.calls(), r.Objects), r.Cost.writes(), r.Cost.Renders, r.Cost.Bytes>>10,
			r.Cost.Memory.Anonymous>>20, r.Cost.Memory.Peak>>20, cmp.Or(r.Fault, r.Note))
	}
	var aligned strings.Builder
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	_, _ = w.Write([]byte(text.String())) // A strings.Builder takes everything.
	_ = w.Flush()
	for _, r := range results {
		fmt.Fprintf(&aligned, "%s: calls %v, to the host %v, writes %v\n",
			r.Scenario, r.Cost.Calls, r.Cost.Host, r.Cost.Writes)
	}
	return aligned.String()
}

func seconds(value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fs", value)
}

func milliseconds(value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0fms", value)
}

func times(value, raw float64) string {
	if value == 0 || raw == 0 {
		return "-"
	}
	return fmt.Sprintf("×%.2f", value/raw)
}

func each(calls, objects int) string {
	if objects == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(calls)/float64(objects))
}

// quantile is the latency that so many percent stay below.
func (r result) quantile(percent int) float64 {
	if len(r.Latencies) == 0 {
		return 0
	}
	slices.Sort(r.Latencies)
	return r.Latencies[(len(r.Latencies)-1)*percent/100]
}
