#!/usr/bin/env bash
# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test, the quick ones first. CASES names a folder of conformance cases.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
step() { printf '\n== %s\n' "$*"; }
# The end-to-end tests need the control plane and come last; conformance takes an argument that the others do not know.
quick() { go list ./pkg/... ./cmd/... ./hack/... ./test/... | grep -vE '/test/(e2e|conformance)(/|$)|/pkg/generated/'; }

step "Unit tests and tests of the API"
mapfile -t packages < <(quick)
go test -race -p 2 -timeout 20m "${packages[@]}"

# Without the race detector: it compares what the server makes of each of thousands of objects, no two of which meet. The
# tests before look for races in the same server.
step "Conformance${CASES:+: $CASES}"
go test -timeout 20m ./test/conformance/... ${CASES:+-args -cases "$(realpath "$CASES")"}

step "Alert rules"
hack/verify-alerts.sh

step "Tests of the control plane"
go -C hack/controlplane test -p 2 -timeout 40m ./...

# They mostly wait, for leases and intervals, and so run beside each other. What they test is a program that they build
# and start: go does not know when it changed, and a result that go remembers would prove nothing. More than three stories
# on one stage would wait for the processors.
step "End-to-end tests"
go test -count=1 -p 4 -parallel 3 -timeout 40m ./test/e2e/...
