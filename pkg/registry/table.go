// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metatable "k8s.io/apimachinery/pkg/api/meta/table"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Column is one column that kubectl get prints.
type Column[T runtime.Object] struct {
	// Name is the heading.
	Name string
	// Type is the OpenAPI type of the cells; empty is string.
	Type string
	// Description explains the column.
	Description string
	// Cell returns the cell of an object; nil is an empty cell.
	Cell func(T) any
}

// Table prints objects of one kind: the name, the columns, the age, and with -o wide the wide columns.
type Table[T runtime.Object] struct {
	// Columns are always printed, between the name and the age.
	Columns []Column[T]
	// Wide are printed after the age, with -o wide.
	Wide []Column[T]
	// Fallback prints objects of other kinds.
	Fallback rest.TableConvertor
}

var _ rest.TableConvertor = Table[*metav1.PartialObjectMetadata]{}

// NewTable returns a Table that prints other kinds by their name and creation time alone.
func NewTable[T runtime.Object](resource schema.GroupResource, columns, wide []Column[T]) Table[T] {
	return Table[T]{Columns: columns, Wide: wide, Fallback: rest.NewDefaultTableConvertor(resource)}
}

// ConvertToTable prints an object or a list.
func (t Table[T]) ConvertToTable(ctx context.Context, object, options runtime.Object) (*metav1.Table, error) {
	if _, ok := object.(T); !ok && !meta.IsListType(object) {
		return t.Fallback.ConvertToTable(ctx, object, options)
	}
	rows, err := metatable.MetaToTableRow(object, t.cells)
	if err != nil {
		return nil, err
	}
	table := &metav1.Table{Rows: rows}
	if list, err := meta.ListAccessor(object); err == nil {
		table.ResourceVersion = list.GetResourceVersion()
		table.Continue = list.GetContinue()
		table.RemainingItemCount = list.GetRemainingItemCount()
	} else if single, err := meta.Accessor(object); err == nil {
		table.ResourceVersion = single.GetResourceVersion()
	}
	if opt, ok := options.(*metav1.TableOptions); !ok || !opt.NoHeaders {
		table.ColumnDefinitions = t.headings()
	}
	return table, nil
}

// cells returns the row of an object.
func (t Table[T]) cells(
	object runtime.Object, _ metav1.Object, name, age string,
) ([]any, error) { //nolint:unparam // MetaToTableRow takes a function that may fail.
	cells := make([]any, 0, len(t.Columns)+len(t.Wide)+2)
	cells = append(cells, name)
	for _, column := range t.Columns {
		cells = append(cells, column.Cell(As[T](object)))
	}
	cells = append(cells, age)
	for _, column := range t.Wide {
		cells = append(cells, column.Cell(As[T](object)))
	}
	return cells, nil
}

// headings returns the first row.
func (t Table[T]) headings() []metav1.TableColumnDefinition {
	documentation := metav1.ObjectMeta{}.SwaggerDoc()
	headings := []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: documentation["name"]},
	}
	for _, column := range t.Columns {
		headings = append(headings, column.heading(0))
	}
	headings = append(headings, metav1.TableColumnDefinition{
		Name: "Age", Type: "string", Description: documentation["creationTimestamp"],
	})
	for _, column := range t.Wide {
		headings = append(headings, column.heading(1))
	}
	return headings
}

// heading returns the heading of a column; priority 1 is printed with -o wide only.
func (c Column[T]) heading(priority int32) metav1.TableColumnDefinition {
	kind := c.Type
	if kind == "" {
		kind = "string"
	}
	return metav1.TableColumnDefinition{Name: c.Name, Type: kind, Description: c.Description, Priority: priority}
}
