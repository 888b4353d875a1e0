#!/usr/bin/env bash
# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Lints and checks the import rules, see .golangci.yaml. Arguments go to golangci-lint, such as --fix or a folder.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec go tool -modfile=hack/lint/go.mod golangci-lint run --concurrency 2 "$@"
