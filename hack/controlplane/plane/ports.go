// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are chosen below the range that Linux gives to outgoing connections (32768 and up), so that a cluster that is
// stopped for a while finds its port free again.
const firstPort, lastPort = 20000, 31999

// freePort returns a port of 127.0.0.1 on which nobody listens. Somebody else may take it before it is used; the
// caller tries again then.
func freePort() (int, error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return 0, fmt.Errorf("release port %d: %w", port, err)
		}
		return port, nil
	}
	return 0, errors.New("no free port found on 127.0.0.1")
}
