# Copyright The Capstan Authors.
# SPDX-License-Identifier: Apache-2.0

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY pkg pkg
ARG VERSION=v0.0.0
RUN CGO_ENABLED=0 go build -trimpath -o /capstan-apiserver \
      -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=${VERSION}" ./cmd/capstan-apiserver

FROM gcr.io/distroless/static:nonroot
COPY --from=build /capstan-apiserver /capstan-apiserver
USER 65532:65532
ENTRYPOINT ["/capstan-apiserver"]
