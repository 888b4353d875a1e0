// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

const rolloutWithCanaryStatus = `
metadata: {name: status, generation: 7}
spec: {}
status:
  HPAReplicas: 5
  abort: true
  abortedAt: "2026-01-02T03:04:05Z"
  availableReplicas: 4
  canary:
    currentBackgroundAnalysisRunStatus: {name: bg, status: Running}
    currentExperiment: exp
    currentStepAnalysisRunStatus: {name: step, status: Failed, message: bad}
    stablePingPong: ping
    stepPluginStatuses:
      - backoff: 5s
        disabled: true
        executions: 3
        finishedAt: "2026-01-02T03:04:05Z"
        index: 0
        message: m
        name: org/step
        operation: Run
        phase: Successful
        startedAt: "2026-01-02T03:04:05Z"
        status: {state: [1]}
        updatedAt: "2026-01-02T03:04:05Z"
    weights:
      additional: [{podTemplateHash: c, weight: 1}]
      canary: {podTemplateHash: b, serviceName: canary, weight: 0}
      stable: {weight: 99}
      verified: false
  collisionCount: 0
  conditions:
    - lastTransitionTime: "2026-01-02T03:04:05Z"
      lastUpdateTime: "2026-01-02T03:04:06Z"
      message: Rollout is paused
      reason: RolloutPaused
      status: Unknown
      type: Progressing
  controllerPause: true
  currentPodHash: b
  currentStepHash: s
  currentStepIndex: 0
  message: CanaryPauseStep
  observedGeneration: "7"
  pauseConditions: [{reason: CanaryPauseStep, startTime: "2026-01-02T03:04:05Z"}]
  phase: Paused
  promoteFull: true
  readyReplicas: 4
  replicas: 5
  restartedAt: "2026-01-02T03:04:05Z"
  selector: app=guestbook
  stableRS: a
  updatedReplicas: 1
  workloadObservedGeneration: "3"
`

const rolloutWithBlueGreenStatus = `
metadata: {name: status}
spec: {}
status:
  alb:
    loadBalancer: {arn: a, fullName: f, name: na}
    ingress: i
  albs:
    - canaryTargetGroup: {arn: a, fullName: f, name: na}
      stableTargetGroup: {arn: b, fullName: g, name: m}
  blueGreen:
    activeSelector: a
    postPromotionAnalysisRunStatus: {name: post, status: Pending}
    prePromotionAnalysisRunStatus: {name: pre, status: Successful}
    previewSelector: b
    scaleUpPreviewCheckPoint: true
  duration:
    completionStatus: Promoted
    finishedAt: "2026-01-02T03:04:05Z"
    manualPauseStartedAt: "2026-01-02T03:04:05Z"
    rolloutStartedAt: "2026-01-02T03:04:05Z"
    totalManualPauseDurationSeconds: 12
`

const templateWithEveryProvider = `
metadata: {name: providers}
spec:
  args:
    - {name: plain}
    - {name: empty, value: ""}
    - {name: secret, valueFrom: {secretKeyRef: {name: s, key: k}}}
    - {name: field, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  dryRun: [{metricName: web}]
  measurementRetention: [{metricName: .*, limit: 20}]
  metrics:
    - name: prometheus
      interval: 5m
      initialDelay: 30s
      count: 10
      successCondition: result[0] >= 0.95
      failureCondition: result[0] < 0.5
      failureLimit: 0
      inconclusiveLimit: "3"
      consecutiveErrorLimit: 4
      consecutiveSuccessLimit: "{{args.limit}}"
      provider:
        prometheus:
          address: http://prometheus
          query: up
          timeout: 40
          insecure: false
          headers: [{key: X, value: yes-please}]
          rangeQuery: {start: 'now() - duration("5m")', end: now(), step: 1m}
          authentication:
            sigv4: {region: r, profile: p, roleArn: a}
            oauth2: {tokenUrl: u, clientId: i, clientSecret: "{{args.secret}}", scopes: [a]}
    - name: job
      provider:
        job:
          metadata: {labels: {a: b}, annotations: {c: d}}
          spec: {backoffLimit: 1, template: {spec: {containers: [{name: c, image: i}], restartPolicy: Never}}, newer: 1}
    - name: web
      provider:
        web:
          method: POST
          url: http://web
          headers: [{key: A, value: b}]
          timeoutSeconds: 0
          jsonPath: "{$.ok}"
          jsonBody: {n: 1.0, list: []}
          insecure: true
          authentication: {oauth2: {}}
    - name: web with a body
      provider: {web: {method: PUT, url: u, body: text, headers: []}}
    - name: datadog
      provider:
        datadog:
          interval: 5m
          query: q
          queries: {a: b}
          formula: a * 2
          apiVersion: v2
          aggregator: last
          secretRef: {name: s, namespaced: true}
    - {name: wavefront, provider: {wavefront: {address: a, query: q}}}
    - {name: newrelic, provider: {newRelic: {profile: p, query: q, timeout: 5}}}
    - name: cloudwatch
      provider:
        cloudWatch:
          interval: 30m
          metricDataQueries:
            - {id: rate, expression: errors / requests}
            - id: errors
              label: l
              returnData: false
              period: 300
              metricStat:
                metric: {namespace: app, metricName: errors, dimensions: [{name: a, value: b}]}
                period: "300"
                stat: Sum
                unit: None
    - {name: graphite, provider: {graphite: {address: a, query: q}}}
    - {name: influxdb, provider: {influxdb: {profile: p, query: q}}}
    - {name: skywalking, provider: {skywalking: {address: a, query: q, interval: 3m}}}
    - name: kayenta
      provider:
        kayenta:
          address: a
          application: app
          canaryConfigName: c
          metricsAccountName: m
          configurationAccountName: na
          storageAccountName: s
          lookback: false
          threshold: {pass: 90, marginal: 0}
          scopes:
            - name: default
              controlScope: {scope: s, region: r, step: 60, start: a, end: b}
              experimentScope: {scope: s, region: r, step: 0}
    - {name: plugin, provider: {plugin: {org/metric: {anything: [true]}}}}
    - {name: none yet, provider: {}}
`

const templateOfTemplates = `
metadata: {name: all}
spec:
  metrics: []
  args: []
  templates: [{templateName: a}, {templateName: b, clusterScope: true}]
`

const analysisRunOfZeroValues = `
metadata: {name: zeroes}
spec:
  metrics: []
  args: []
  terminate: false
  dryRun: []
  measurementRetention: []
  ttlStrategy: {secondsAfterCompletion: 0, secondsAfterFailure: 0, secondsAfterSuccess: 0}
`

const analysisRunWithResults = `
metadata: {name: results}
spec: {metrics: [{name: m, provider: {web: {url: u}}}], ttlStrategy: {}}
status:
  completedAt: "2026-01-02T03:04:05Z"
  dryRunSummary: {}
  message: m
  metricResults:
    - consecutiveError: 1
      consecutiveSuccess: 1
      count: 3
      dryRun: true
      error: 1
      failed: 1
      inconclusive: 1
      measurements:
        - finishedAt: "2026-01-02T03:04:05Z"
          message: m
          metadata: {job-name: j}
          phase: Successful
          resumeAt: "2026-01-02T03:04:05Z"
          startedAt: "2026-01-02T03:04:05Z"
          value: "[1]"
      message: m
      metadata: {ResolvedPrometheusQuery: up}
      name: m
      phase: Failed
      successful: 1
  phase: Failed
  runSummary: {count: 1, error: 1, failed: 1, inconclusive: 1, successful: 1}
  startedAt: "2026-01-02T03:04:05Z"
`

const experimentWithEveryOption = `
metadata: {name: experiment}
spec:
  duration: 20m
  progressDeadlineSeconds: 0
  terminate: false
  scaleDownDelaySeconds: 0
  analysisRunMetadata: {labels: {a: b}}
  dryRun: [{metricName: a}]
  measurementRetention: []
  templates:
    - name: purple
      replicas: 0
      minReadySeconds: 0
      selector: {matchLabels: {app: purple}}
      template: {metadata: {labels: {app: purple}}, spec: {containers: [{name: c, image: i}]}}
      service: {}
  analyses:
    - name: purple
      templateName: speed
      clusterScope: false
      requiredForCompletion: true
      args: [{name: ps, value: "{{templates.purple.podTemplateHash}}"}]
`

const experimentWithStatus = `
metadata: {name: experiment}
spec: {templates: [], analyses: []}
status:
  analysisRuns: [{analysisRun: r, message: m, name: na, phase: Running}]
  availableAt: "2026-01-02T03:04:05Z"
  conditions:
    - lastTransitionTime: "2026-01-02T03:04:05Z"
      lastUpdateTime: "2026-01-02T03:04:05Z"
      message: m
      reason: ExperimentRunning
      status: "True"
      type: Running
  message: m
  phase: Running
  templateStatuses:
    - availableReplicas: 0
      collisionCount: 0
      lastTransitionTime: "2026-01-02T03:04:05Z"
      message: m
      name: purple
      podTemplateHash: h
      readyReplicas: 0
      replicas: 1
      serviceName: s
      status: Progressing
      updatedReplicas: 1
`
