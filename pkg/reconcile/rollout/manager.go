// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "github.com/capstan-dev/capstan/pkg/live"

// manager is the field manager of what Services and routers' objects are given: an Application that deploys them knows
// by it what to let be.
const manager = live.RolloutManager
