// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"container/list"
	"sync"
)

// lru keeps the values that were used last within a number of bytes.
type lru[K comparable, V any] struct {
	max     int64
	evicted func(K)

	mu    sync.Mutex
	size  int64
	order *list.List
	items map[K]*list.Element
}

type lruItem[K comparable, V any] struct {
	key   K
	value V
	size  int64
}

func newLRU[K comparable, V any](max int64, evicted func(K)) *lru[K, V] {
	return &lru[K, V]{max: max, evicted: evicted, order: list.New(), items: map[K]*list.Element{}}
}

// get returns a value and counts as a use of it.
func (l *lru[K, V]) get(key K) (V, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.items[key]
	if !ok {
		var none V
		return none, false
	}
	l.order.MoveToFront(element)
	return itemIn[K, V](element).value, true
}

// put keeps a value of a size, and drops what was not used for the longest time. A value
// that is larger than everything allowed is not kept.
func (l *lru[K, V]) put(key K, value V, size int64) {
	dropped := l.insert(key, value, size)
	if l.evicted == nil {
		return
	}
	for _, key := range dropped {
		l.evicted(key)
	}
}

func (l *lru[K, V]) insert(key K, value V, size int64) []K {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(l.items[key])
	l.items[key] = l.order.PushFront(&lruItem[K, V]{key: key, value: value, size: size})
	l.size += size
	var dropped []K
	for l.size > l.max && l.order.Len() > 0 {
		last := l.order.Back()
		dropped = append(dropped, itemIn[K, V](last).key)
		l.drop(last)
	}
	return dropped
}

func (l *lru[K, V]) remove(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(l.items[key])
}

func (l *lru[K, V]) drop(element *list.Element) {
	if element == nil {
		return
	}
	item := itemIn[K, V](element)
	l.order.Remove(element)
	delete(l.items, item.key)
	l.size -= item.size
}

func itemIn[K comparable, V any](element *list.Element) *lruItem[K, V] {
	item, _ := element.Value.(*lruItem[K, V])
	return item
}
