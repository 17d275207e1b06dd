package operation

import (
	"encoding/json"
	"slices"
	"strings"
)

// Table is items as rows: an object's members are its columns, and those of
// objects in it too, under names with dots. A list stands in its cell as JSON.
type Table struct {
	Columns []string // in the order in which they were first seen
	rows    []map[string]string
}

// Add adds an item as a row.
func (t *Table) Add(item json.RawMessage) {
	row := make(map[string]string)
	t.flatten(row, "", item)
	t.rows = append(t.rows, row)
}

// Rows gives the cells of each row in the order of the columns; a member that
// an item does not have is empty.
func (t *Table) Rows(yield func([]string) bool) {
	for _, row := range t.rows {
		cells := make([]string, len(t.Columns))
		for i, column := range t.Columns {
			cells[i] = row[column]
		}
		if !yield(cells) {
			return
		}
	}
}

func (t *Table) flatten(row map[string]string, prefix string, value json.RawMessage) {
	decoder := json.NewDecoder(strings.NewReader(string(value)))
	decoder.UseNumber()
	token, err := decoder.Token()
	if err != nil {
		return
	}
	if token != json.Delim('{') {
		if prefix == "" {
			prefix = "value"
		}
		t.set(row, prefix, cell(token, value))
		return
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return
		}
		var member json.RawMessage
		if decoder.Decode(&member) != nil {
			return
		}
		column, _ := name.(string)
		if prefix != "" {
			column = prefix + "." + column
		}
		t.flatten(row, column, member)
	}
}

func (t *Table) set(row map[string]string, column, text string) {
	row[column] = text
	if !slices.Contains(t.Columns, column) {
		t.Columns = append(t.Columns, column)
	}
}

// cell is a value as a cell has it: a scalar as text, nothing for null.
func cell(token json.Token, value json.RawMessage) string {
	if token == nil {
		return ""
	}
	if text, scalar := textOf(token); scalar {
		return text
	}
	return strings.TrimSpace(string(value))
}
