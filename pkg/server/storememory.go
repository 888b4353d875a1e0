// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

const (
	memoryID        = "id"
	memoryHighWater = "highWater"
)

// hostMemory is the ConfigMap in which the host cluster remembers its store.
type hostMemory struct {
	configMaps corev1client.ConfigMapInterface
}

// Read returns what the host remembers, which is nothing where there is no ConfigMap.
func (m *hostMemory) Read(ctx context.Context) (*storeMemory, error) {
	memory, _, err := m.read(ctx)
	return memory, err
}

func (m *hostMemory) read(ctx context.Context) (*storeMemory, *corev1.ConfigMap, error) {
	object, err := m.configMaps.Get(ctx, storeConfigMap, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &storeMemory{}, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the ConfigMap %s: %w", storeConfigMap, err)
	}
	memory := &storeMemory{ID: object.Data[memoryID], Accept: object.Annotations[acceptStoreAnnotation]}
	if text := object.Data[memoryHighWater]; text != "" {
		if memory.HighWater, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, nil, fmt.Errorf("data.%s of the ConfigMap %s is no revision: %w", memoryHighWater, storeConfigMap, err)
		}
	}
	return memory, object, nil
}

// Adopt makes the host remember this store whatever it remembered before; the acceptance is used up.
func (m *hostMemory) Adopt(ctx context.Context, store storeRecord) error {
	_, object, err := m.read(ctx)
	if err != nil {
		return err
	}
	return m.write(ctx, object, store)
}

// Raise notes a higher mark of the remembered store.
func (m *hostMemory) Raise(ctx context.Context, store storeRecord) error {
	memory, object, err := m.read(ctx)
	if err != nil {
		return err
	}
	if memory.ID != "" && memory.ID != store.ID {
		return fmt.Errorf("the ConfigMap %s remembers store %s, not the served store %s", storeConfigMap, memory.ID, store.ID)
	}
	if memory.ID == store.ID && memory.HighWater >= store.Mark {
		return nil
	}
	return m.write(ctx, object, store)
}

// write relies on the resourceVersion that was read: of two replicas one succeeds.
func (m *hostMemory) write(ctx context.Context, object *corev1.ConfigMap, store storeRecord) (err error) {
	data := map[string]string{memoryID: store.ID, memoryHighWater: strconv.FormatInt(store.Mark, 10)}
	if object == nil {
		object = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: storeConfigMap}, Data: data}
		_, err = m.configMaps.Create(ctx, object, metav1.CreateOptions{})
	} else {
		object.Data = data
		delete(object.Annotations, acceptStoreAnnotation)
		_, err = m.configMaps.Update(ctx, object, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("write the ConfigMap %s: %w", storeConfigMap, err)
	}
	return nil
}
