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

step "Conformance${CASES:+: $CASES}"
go test -race -timeout 20m ./test/conformance/... ${CASES:+-args -cases "$(realpath "$CASES")"}

step "Alert rules"
hack/verify-alerts.sh

step "Tests of the control plane"
go -C hack/controlplane test -p 2 -timeout 40m ./...

step "End-to-end tests"
go test -timeout 40m ./test/e2e

# They mostly wait, for leases and intervals, and so leave each other time.
step "End-to-end tests of replicas and of a neighbour"
go test -p 2 -timeout 20m ./test/e2e/*/
