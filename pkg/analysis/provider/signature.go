// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// managedPrometheus is the service that metrics sign for, as the peer does.
const managedPrometheus = "aps"

var errNotManaged = errors.New("authentication.sigv4 signs with the server's own identity, and only for " +
	"https://aps-workspaces.REGION.amazonaws.com: it is not told to other hosts")

// managedHost are the hosts of Amazon Managed Service for Prometheus.
var managedHost = regexp.MustCompile( //nolint:gochecknoglobals // a constant in all but the word
	`^(?:[a-z0-9-]+\.)?aps-workspaces(?:-fips)?\.[a-z0-9-]+\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$`)

// signed signs requests with the identity of the server (AWS Signature Version 4).
type signed struct {
	next            http.RoundTripper
	as              aws.CredentialsProvider
	service, region string
	clock           clock.PassiveClock
}

// RoundTrip sends a request.
func (s signed) RoundTrip(request *http.Request) (*http.Response, error) {
	found, err := retrieve(request.Context(), s.as)
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	var body []byte
	if request.Body != nil {
		body, err = io.ReadAll(request.Body)
		if err = errors.Join(err, request.Body.Close()); err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	digest := sha256.Sum256(body)
	err = signer.NewSigner().SignHTTP(request.Context(), found, request, hex.EncodeToString(digest[:]), s.service,
		s.region, s.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	return s.next.RoundTrip(request)
}

// signing returns a client that signs as a metric says. What it signs goes where nobody else can read it.
func (n Network) signing(
	base *http.Client, identity AWS, config v1alpha1.Sigv4Config, to *url.URL,
) (*http.Client, error) {
	region := config.Region
	if region == "" {
		region = identity.Region
	}
	switch {
	case config.Profile != "":
		return nil, errors.New("authentication.sigv4.profile is not supported: use roleArn")
	case region == "":
		return nil, errors.New("authentication.sigv4.region is missing, and AWS_REGION of the server as well")
	case !n.Loopback && (to.Scheme != "https" || !managedHost.MatchString(to.Hostname())):
		return nil, errNotManaged
	}
	as, err := identity.as(region, config.RoleARN)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Timeout: base.Timeout, CheckRedirect: base.CheckRedirect,
		Transport: signed{base.Transport, as, managedPrometheus, region, clock.RealClock{}},
	}, nil
}
