module github.com/capstan-dev/capstan/hack/routers

go 1.26.3

require (
	github.com/apache/apisix-ingress-controller v1.8.4
	istio.io/api v1.31.4
	sigs.k8s.io/gateway-api v1.6.3
)
