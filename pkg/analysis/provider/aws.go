// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sessionName is what Amazon Web Services log the server as, where its environment says nothing else.
const sessionName = "capstan"

var (
	errNoIdentity = errors.New("this server has no identity for Amazon Web Services: give its pod one, by a role of its " +
		"service account or by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	errNoRegion = errors.New("no region of Amazon Web Services is set: set AWS_REGION of the server")
)

// AWS is who the server is to Amazon Web Services. All tenants share it.
type AWS struct {
	// Region is that of metrics that name none.
	Region string
	// credentials are nil where the environment has none.
	credentials aws.CredentialsProvider
	lookup      Lookup
}

// AWSOfEnvironment returns the identity that the variables say which the AWS SDKs share: keys, else the role of a
// service account, else the agent of EKS Pod Identity. The machine's own identity is not taken: it is not the server's.
func AWSOfEnvironment(lookup Lookup) AWS {
	identity := AWS{lookup: lookup}
	identity.Region = identity.variable("AWS_REGION")
	if identity.Region == "" {
		identity.Region = identity.variable("AWS_DEFAULT_REGION")
	}
	if provider := identity.provider(); provider != nil {
		identity.credentials = aws.NewCredentialsCache(provider)
	}
	return identity
}

func (a AWS) provider() aws.CredentialsProvider {
	key, secret := a.variable("AWS_ACCESS_KEY_ID"), a.variable("AWS_SECRET_ACCESS_KEY")
	role, token := a.variable("AWS_ROLE_ARN"), a.variable("AWS_WEB_IDENTITY_TOKEN_FILE")
	agent := a.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	switch {
	case key != "" && secret != "":
		return credentials.NewStaticCredentialsProvider(key, secret, a.variable("AWS_SESSION_TOKEN"))
	case role != "" && token != "":
		return stscreds.NewWebIdentityRoleProvider(a.tokens(a.Region, aws.AnonymousCredentials{}), role,
			stscreds.IdentityTokenFile(token), func(options *stscreds.WebIdentityRoleOptions) {
				options.RoleSessionName = a.session()
			})
	case agent != "":
		return endpointcreds.New(agent, func(options *endpointcreds.Options) {
			file := a.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
			options.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				text, err := os.ReadFile(file)
				return string(text), err
			})
		})
	default:
		return nil
	}
}

// as returns the credentials of the server, or of a role that it may take on.
func (a AWS) as(region, role string) (aws.CredentialsProvider, error) {
	switch {
	case a.credentials == nil:
		return nil, errNoIdentity
	case role == "":
		return a.credentials, nil
	default:
		return stscreds.NewAssumeRoleProvider(a.tokens(region, a.credentials), role,
			func(options *stscreds.AssumeRoleOptions) { options.RoleSessionName = a.session() }), nil
	}
}

// tokens asks for the credentials of roles.
func (a AWS) tokens(region string, as aws.CredentialsProvider) *sts.Client {
	options := sts.Options{Region: region, Credentials: as}
	if address := a.endpoint("STS"); address != "" {
		options.BaseEndpoint = &address
	}
	return sts.New(options)
}

// endpoint is where the environment says that a service is, empty where it says nothing.
func (a AWS) endpoint(service string) string {
	if address := a.variable("AWS_ENDPOINT_URL_" + service); address != "" {
		return address
	}
	return a.variable("AWS_ENDPOINT_URL")
}

// at is the address of a service in the server's region.
func (a AWS) at(service, host string) (string, error) {
	if address := a.endpoint(service); address != "" {
		return base("AWS_ENDPOINT_URL", address)
	}
	if a.Region == "" {
		return "", errNoRegion
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(a.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return fmt.Sprintf("https://%s.%s.%s", host, a.Region, domain), nil
}

func (a AWS) session() string {
	if name := a.variable("AWS_ROLE_SESSION_NAME"); name != "" {
		return name
	}
	return sessionName
}

func (a AWS) variable(name string) string {
	if a.lookup == nil {
		return ""
	}
	value, _ := a.lookup(name)
	return value
}

// retrieve returns credentials. What the SDK says may name the role, and no key.
func retrieve(ctx context.Context, from aws.CredentialsProvider) (aws.Credentials, error) {
	found, err := from.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("get credentials of Amazon Web Services: %w", err)
	}
	return found, nil
}
