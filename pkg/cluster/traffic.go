// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"net"
	"sync/atomic"
)

// traffic is how many bytes went over all connections of one cluster.
type traffic struct{ sent, received atomic.Int64 }

type dial func(ctx context.Context, network, address string) (net.Conn, error)

// metered counts what goes over the connections that open makes.
func (t *traffic) metered(open dial) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := open(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return meteredConnection{Conn: connection, traffic: t}, nil
	}
}

type meteredConnection struct {
	net.Conn
	traffic *traffic
}

// Read counts what was received.
func (c meteredConnection) Read(data []byte) (int, error) {
	n, err := c.Conn.Read(data)
	c.traffic.received.Add(int64(n))
	return n, err
}

// Write counts what was sent.
func (c meteredConnection) Write(data []byte) (int, error) {
	n, err := c.Conn.Write(data)
	c.traffic.sent.Add(int64(n))
	return n, err
}
