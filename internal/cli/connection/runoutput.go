package connection

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"

	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/operation"
)

// itemPrinter prints the items of a run in one format.
type itemPrinter struct {
	format string
	out    io.Writer
	count  int
	table  operation.Table // for csv and table: columns are known at the end
	all    []any           // for yaml
}

func newItemPrinter(format string, out io.Writer) *itemPrinter {
	return &itemPrinter{format: format, out: out}
}

// item prints one item, or keeps it for the end.
func (p *itemPrinter) item(item json.RawMessage) error {
	p.count++
	switch p.format {
	case "ndjson":
		_, err := p.out.Write(append(bytes.Clone(item), '\n'))
		return err
	case "json":
		before := ",\n  "
		if p.count == 1 {
			before = "[\n  "
		}
		var text bytes.Buffer
		text.WriteString(before)
		if err := json.Indent(&text, item, "  ", "  "); err != nil {
			return err
		}
		_, err := p.out.Write(text.Bytes())
		return err
	case "yaml":
		p.all = append(p.all, item)
	default:
		p.table.Add(item)
	}
	return nil
}

// end prints what was kept, or closes the list.
func (p *itemPrinter) end() error {
	switch p.format {
	case "ndjson":
		return nil
	case "json":
		text := "\n]\n"
		if p.count == 0 {
			text = "[]\n"
		}
		_, err := fmt.Fprint(p.out, text)
		return err
	case "yaml":
		return console.WriteYAML(p.out, p.all)
	case "csv":
		return p.csv()
	}
	return console.Print(p.out, "table", nil, p.rows)
}

func (p *itemPrinter) csv() error {
	if p.count == 0 {
		return nil
	}
	w := csv.NewWriter(p.out)
	if err := w.Write(p.table.Columns); err != nil {
		return err
	}
	for row := range p.table.Rows {
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// The bounds of a table that a person reads.
const (
	maxColumns = 8
	maxCell    = 40 // characters
)

// rows prints the first columns, cut to what fits a line.
func (p *itemPrinter) rows(w io.Writer) {
	fit := func(cells []string) []string {
		short := make([]string, 0, maxColumns+1)
		for i, cell := range cells {
			if i == maxColumns {
				return append(short, "…")
			}
			if runes := []rune(cell); len(runes) > maxCell {
				cell = string(runes[:maxCell-1]) + "…"
			}
			short = append(short, console.OrDash(cell))
		}
		return short
	}
	if p.count == 0 {
		return
	}
	console.Row(w, fit(p.table.Columns)...)
	for row := range p.table.Rows {
		console.Row(w, fit(row)...)
	}
}
