module github.com/capstan-dev/capstan/hack/peer

go 1.26.3

require github.com/argoproj/argo-rollouts v1.10.1
