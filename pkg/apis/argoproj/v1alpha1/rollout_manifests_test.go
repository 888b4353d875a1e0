// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

const seedCanary = `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: guestbook
spec:
  replicas: 10
  selector:
    matchLabels: {app: guestbook}
  template:
    metadata:
      labels: {app: guestbook}
    spec:
      containers:
        - name: guestbook
          image: example.com/guestbook:v1
          ports: [{containerPort: 8080}]
  strategy:
    canary:
      steps:
        - setWeight: 10
        - pause: { duration: 5m }
        - setWeight: 40
        - pause: { duration: 10m }
        - setWeight: 100
`

const canaryWithEveryStep = `
metadata: {name: steps}
spec:
  selector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}
  template:
    metadata: {labels: {app: a}, creationTimestamp: null}
    spec: {containers: [{name: a, resources: {limits: {memory: invalid}}, ofANewerKubernetes: {x: 1}}]}
  strategy:
    canary:
      steps:
        - setWeight: 0
        - pause: {}
        - pause: {duration: 0}
        - pause: {duration: "10"}
        - pause: {duration: 1h}
        - setCanaryScale: {weight: 0}
        - setCanaryScale: {replicas: 0}
        - setCanaryScale: {matchTrafficWeight: false}
        - setHeaderRoute: {name: h, match: [{headerName: X, headerValue: {exact: "1"}}]}
        - setHeaderRoute: {name: h, match: []}
        - setMirrorRoute:
            name: m
            percentage: 0
            match:
              - method: {exact: GET}
                path: {prefix: /}
                headers: {X-A: {regex: ".*"}}
              - headers: {}
        - plugin: {name: org/step, config: {any: [1, 2.50, null, {deep: true}]}}
        - analysis:
            templates: [{templateName: ok, clusterScope: false}, {templateName: global, clusterScope: true}]
            args:
              - {name: a, value: b}
              - {name: hash, valueFrom: {podTemplateHashValue: Latest}}
              - {name: field, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            dryRun: [{metricName: .*}]
            measurementRetention: [{metricName: .*, limit: 0}]
            analysisRunMetadata: {labels: {a: b}, annotations: {}}
        - analysis: {analysisRunMetadata: {}}
        - experiment:
            duration: 5m
            scaleDownDelaySeconds: 0
            templates:
              - name: baseline
                specRef: stable
                replicas: 0
                weight: 0
                metadata: {labels: {}, annotations: {a: b}}
                selector: {matchLabels: {app: a}}
                service: {name: svc}
              - {name: canary, specRef: canary, metadata: {}, service: {}}
            analyses:
              - name: compare
                templateName: compare
                clusterScope: true
                requiredForCompletion: false
                args: [{name: h, valueFrom: {podTemplateHashValue: Stable}}]
            dryRun: []
            analysisRunMetadata: {}
`

const canaryWithEveryRouter = `
metadata: {name: routers}
spec:
  minReadySeconds: 5
  rollbackWindow: {revisions: 3}
  revisionHistoryLimit: 3
  paused: true
  progressDeadlineSeconds: 600
  progressDeadlineAbort: true
  restartAt: "2026-01-02T03:04:05Z"
  analysis: {successfulRunHistoryLimit: 1, unsuccessfulRunHistoryLimit: 2}
  strategy:
    canary:
      canaryService: canary
      stableService: stable
      maxUnavailable: 0
      maxSurge: 20%
      scaleDownDelaySeconds: 30
      scaleDownDelayRevisionLimit: 2
      abortScaleDownDelaySeconds: 30
      dynamicStableScale: true
      pingPong: {pingService: ping, pongService: pong}
      minPodsPerReplicaSet: 2
      replicaProgressThreshold: {type: Percent, value: 90}
      antiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {weight: 1}}
      canaryMetadata: {labels: {role: canary}}
      stableMetadata: {annotations: {role: stable}}
      analysis: {startingStep: 2, templates: [{templateName: background}], args: []}
      trafficRouting:
        maxTrafficWeight: 1000
        managedRoutes: [{name: h}, {name: m}]
        plugins: {org/router: {httpRoute: r, weights: [1.0, 2]}, org/other: null, org/text: "x"}
        istio:
          virtualService: {name: vs, routes: [http], tlsRoutes: [{port: 443, sniHosts: [a]}], tcpRoutes: [{port: 0}]}
          virtualServices: [{name: a.ns, routes: []}]
          destinationRule: {name: dr, canarySubsetName: c, stableSubsetName: s, additionalSubsetNames: [x]}
        nginx:
          annotationPrefix: custom.nginx
          stableIngress: ing
          stableIngresses: [a, b]
          additionalIngressAnnotations: {a: b}
          canaryIngressAnnotations: {c: d}
        alb:
          ingress: ing
          ingresses: [a]
          servicePort: 0
          rootService: root
          annotationPrefix: custom.alb
          stickinessConfig: {enabled: false, durationSeconds: 0}
        smi: {rootService: root, trafficSplitName: split}
        traefik: {weightedTraefikServiceName: t}
        apisix: {route: {name: r, rules: [a]}}
        ambassador: {mappings: [m]}
        appMesh:
          virtualService: {name: vs, routes: [r]}
          virtualNodeGroup: {canaryVirtualNodeRef: {name: c}, stableVirtualNodeRef: {name: s}}
`

const blueGreenWithEveryOption = `
metadata: {name: bluegreen}
spec:
  strategy:
    blueGreen:
      activeService: active
      previewService: preview
      previewReplicaCount: 0
      autoPromotionEnabled: false
      autoPromotionSeconds: 0
      maxUnavailable: "25"
      scaleDownDelaySeconds: 0
      scaleDownDelayRevisionLimit: 0
      prePromotionAnalysis: {templates: [{templateName: smoke}]}
      postPromotionAnalysis: {}
      antiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}
      previewMetadata: {labels: {role: preview}}
      activeMetadata: {}
      abortScaleDownDelaySeconds: 0
`

const rolloutOfZeroValues = `
metadata: {name: zeroes}
spec:
  replicas: 0
  selector: {}
  template: {}
  workloadRef: {}
  minReadySeconds: 0
  rollbackWindow: {revisions: 0}
  revisionHistoryLimit: 0
  paused: false
  progressDeadlineSeconds: 0
  progressDeadlineAbort: false
  analysis: {}
  strategy:
    canary:
      steps: []
      dynamicStableScale: false
      minPodsPerReplicaSet: 0
      antiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {weight: 0}}
      canaryMetadata: {}
      analysis: {startingStep: 0, templates: [], dryRun: [], measurementRetention: []}
      trafficRouting:
        plugins: {}
        managedRoutes: []
        maxTrafficWeight: 0
        nginx: {}
        istio: {virtualServices: []}
        ambassador: {mappings: []}
`

const rolloutOfWorkload = `
metadata: {name: workload}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: guestbook, scaleDown: progressively}
  strategy: {}
`
