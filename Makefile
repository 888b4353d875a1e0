# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0

SHELL := /usr/bin/env bash
export GOTOOLCHAIN := local

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: ## Build bin/capstan-apiserver
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

.PHONY: test
test: ## Run every test; CASES=folder adds conformance cases
	hack/test.sh

.PHONY: lint
lint: ## Lint and check the import rules
	hack/lint.sh

.PHONY: generate
generate: ## Generate deep copies, OpenAPI and the client from pkg/apis
	hack/update-codegen.sh

.PHONY: verify
verify: ## Check generated code, lint, import rules and the links of the documents
	hack/verify-docs.sh
	hack/verify-codegen.sh
	hack/lint.sh

.PHONY: demo
demo: ## Show Capstan with three clusters on this machine, until Ctrl-C
	go run ./hack/demo

.PHONY: demo-check
demo-check: ## Run the demo and check what it shows
	go run ./hack/demo --check

.PHONY: bench
bench: ## Measure what Capstan costs; SCENARIO=create,idle and SIZE=1000x10 choose, BENCH=--foreign=50000 adds flags
	go run ./hack/bench $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(SIZE),--size $(SIZE)) $(BENCH)

.PHONY: controlplane
controlplane: ## Build the Kubernetes control plane of the demo and of the end-to-end tests
	go -C hack/controlplane run . build

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin _output
