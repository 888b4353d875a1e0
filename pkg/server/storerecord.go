// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/apiserver/pkg/storage/storagebackend"
)

const (
	etcdDialTimeout    = 20 * time.Second
	etcdRequestTimeout = 10 * time.Second
	// storeRecordKey stands beside the objects, under the same prefix, so that it is copied and wiped with them.
	storeRecordKey = "capstan-store"
)

// errStoreChanged says that the record is no longer what was read.
var errStoreChanged = errors.New("the record of the store was changed by somebody else")

// etcdRecord keeps the record of a store in the store itself.
type etcdRecord struct {
	client *clientv3.Client
	prefix string
}

func newEtcdRecord(cfg storagebackend.Config) (*etcdRecord, error) {
	tlsInfo := transport.TLSInfo{
		CertFile: cfg.Transport.CertFile, KeyFile: cfg.Transport.KeyFile, TrustedCAFile: cfg.Transport.TrustedCAFile,
	}
	config := clientv3.Config{
		Endpoints: cfg.Transport.ServerList, DialTimeout: etcdDialTimeout, Logger: zap.NewNop(),
	}
	if !tlsInfo.Empty() || tlsInfo.TrustedCAFile != "" {
		tls, err := tlsInfo.ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("read the files of --etcd-certfile, --etcd-keyfile and --etcd-cafile: %w", err)
		}
		config.TLS = tls
	}
	client, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("connect to etcd: %w", err)
	}
	return &etcdRecord{client: client, prefix: path.Join("/", cfg.Prefix) + "/"}, nil
}

// Read returns the record with the store's present revision; it draws an identity for a store that has none.
func (r *etcdRecord) Read(ctx context.Context) (record storeRecord, revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, etcdRequestTimeout)
	defer cancel()
	fresh, err := json.Marshal(storeRecord{ID: uuid.NewString()})
	if err != nil {
		return record, 0, err
	}
	key := r.prefix + storeRecordKey
	found := clientv3.Compare(clientv3.CreateRevision(key), ">", 0)
	answer, err := r.client.Txn(ctx).If(found).Then(clientv3.OpGet(key)).
		Else(clientv3.OpPut(key, string(fresh)), clientv3.OpGet(key)).Commit()
	if err != nil {
		return record, 0, fmt.Errorf("read the identity of the store: %w", err)
	}
	last := answer.Responses[len(answer.Responses)-1].GetResponseRange()
	if err = json.Unmarshal(last.Kvs[0].Value, &record); err != nil {
		return record, 0, fmt.Errorf("read the identity of the store under %s: %w", key, err)
	}
	record.Empty, err = r.empty(ctx)
	return record, answer.Header.Revision, err
}

// empty tells whether the record is all there is.
func (r *etcdRecord) empty(ctx context.Context) (bool, error) {
	got, err := r.client.Get(ctx, r.prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(2))
	if err != nil {
		return false, fmt.Errorf("look for objects in the store: %w", err)
	}
	return len(got.Kvs) < 2, nil
}

// Mark raises the mark of the store with that identity, never lowering what another replica wrote, and returns the
// record with the revision that this made.
func (r *etcdRecord) Mark(ctx context.Context, id string, mark int64) (record storeRecord, revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, etcdRequestTimeout)
	defer cancel()
	key := r.prefix + storeRecordKey
	got, err := r.client.Get(ctx, key)
	if err != nil {
		return record, 0, fmt.Errorf("mark the store: %w", err)
	}
	if len(got.Kvs) == 0 {
		return record, 0, errStoreChanged
	}
	if err = json.Unmarshal(got.Kvs[0].Value, &record); err != nil {
		return record, 0, fmt.Errorf("read the identity of the store under %s: %w", key, err)
	}
	if record.ID != id {
		return record, 0, errStoreChanged
	}
	if record.Mark >= mark {
		return record, got.Header.Revision, nil
	}
	record.Mark = mark
	revision, err = r.replace(ctx, got.Kvs[0].ModRevision, record)
	return record, revision, err
}

// replace writes the record unless somebody else did since it was read.
func (r *etcdRecord) replace(ctx context.Context, seen int64, record storeRecord) (int64, error) {
	value, err := json.Marshal(record)
	if err != nil {
		return 0, err
	}
	key := r.prefix + storeRecordKey
	answer, err := r.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", seen)).
		Then(clientv3.OpPut(key, string(value))).Commit()
	if err != nil {
		return 0, fmt.Errorf("mark the store: %w", err)
	}
	if !answer.Succeeded {
		return 0, errStoreChanged
	}
	return answer.Header.Revision, nil
}

// Close ends the connection to etcd.
func (r *etcdRecord) Close() error {
	return r.client.Close()
}
