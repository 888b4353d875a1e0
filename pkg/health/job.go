// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

// jobHealth rates a Job by the conditions that end or suspend it. As in Argo CD, the presence
// of Failed or Complete counts, not its status.
func jobHealth(f *fields) Health {
	var failure, last *condition
	suspended := false
	conditions := f.conditions()
	for i := range conditions {
		found := &conditions[i]
		switch found.kind {
		case "Failed":
			failure = found
		case "Complete":
			last = found
		case "Suspended":
			last = found
			suspended = suspended || found.status == "True"
		}
	}
	switch {
	case failure != nil:
		return Health{Degraded, failure.message}
	case last == nil:
		return Health{Status: Progressing}
	case suspended:
		return Health{Suspended, last.message}
	}
	return Health{Healthy, last.message}
}
