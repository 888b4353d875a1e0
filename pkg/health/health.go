// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

// Status is how well an object does its work, in Argo CD's words.
type Status string

// The statuses, best first; an application is as healthy as its worst object.
const (
	Healthy     Status = "Healthy"
	Suspended   Status = "Suspended"
	Progressing Status = "Progressing"
	Missing     Status = "Missing"
	Degraded    Status = "Degraded"
	Unknown     Status = "Unknown"
)

// Health is the assessment of one object.
type Health struct {
	Status  Status
	Message string
}

// known tells whether the status is one of the six.
func (s Status) known() bool {
	switch s {
	case Healthy, Suspended, Progressing, Missing, Degraded, Unknown:
		return true
	}
	return false
}
