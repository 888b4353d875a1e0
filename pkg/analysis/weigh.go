// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import "reflect"

// weigh counts the bytes and values that a value is made of, up to a little more than most.
func weigh(value any, most int) int {
	return weighReflected(reflect.ValueOf(value), most)
}

func weighReflected(value reflect.Value, most int) int {
	weight := 1
	if most < weight {
		return weight
	}
	switch value.Kind() {
	case reflect.String:
		weight += value.Len()
	case reflect.Interface, reflect.Pointer:
		weight += weighReflected(value.Elem(), most-weight)
	case reflect.Slice, reflect.Array:
		for i := 0; i < value.Len() && weight <= most; i++ {
			weight += weighReflected(value.Index(i), most-weight)
		}
	case reflect.Map:
		for entries := value.MapRange(); weight <= most && entries.Next(); {
			weight += weighReflected(entries.Key(), most-weight) + weighReflected(entries.Value(), most-weight)
		}
	default:
	}
	return weight
}
