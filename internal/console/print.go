package console

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/valetkey/valetkey/internal/strictyaml"
)

// Print writes a result in a format: table, json or yaml. JSON is the API's;
// table writes the table, with tabs between the cells.
func Print(out io.Writer, format string, value any, table func(w io.Writer)) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case "yaml":
		return WriteYAML(out, value)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	table(w)
	return w.Flush()
}

// WriteYAML goes through JSON, so that both have the same names and both leave
// out the same things.
func WriteYAML(out io.Writer, value any) error {
	text, err := strictyaml.Encode(value)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// Row writes one line of a table.
func Row(w io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(Paragraph(cell), "\n", " ")
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

// Field writes a label and its value, when there is one.
func Field(w io.Writer, label, value string) {
	if value != "" {
		Row(w, label, value)
	}
}
