// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import "github.com/capstan-dev/capstan/pkg/live"

// Live is what Capstan keeps of an object in a cluster: never the object itself. Its
// labels, annotations and the field manager's name are constants of package live.
type Live = live.Object
