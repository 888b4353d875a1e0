#!/usr/bin/env bash
# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Checks the alert rules and runs their tests with promtool: the installed one, else one that is built here.
set -o errexit -o nounset -o pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! promtool="$(command -v promtool)"; then
  promtool="$PWD/_output/promtool/promtool"
  # Without service discovery promtool builds in a fraction of the time.
  go -C hack/promtool build -tags remove_all_sd -o "$promtool" github.com/prometheus/prometheus/cmd/promtool
fi
cd artifacts/prometheus
"$promtool" check rules rules.yaml
"$promtool" test rules rules_test.yaml
