package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"
)

// print writes a result: value as the API's JSON or as YAML, or the table.
func (p *program) print(value any, table func(w io.Writer)) error {
	switch p.flags.output {
	case "json":
		encoder := json.NewEncoder(p.streams.Out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case "yaml":
		return writeYAML(p.streams.Out, value)
	}
	w := tabwriter.NewWriter(p.streams.Out, 0, 4, 2, ' ', 0)
	table(w)
	return w.Flush()
}

// writeYAML goes through JSON, so that both have the same names and both leave
// out the same things.
func writeYAML(out io.Writer, value any) error {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	text, err := yaml.JSONToYAML(data.Bytes())
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// row writes one line of a table.
func row(w io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(oneParagraph(cell), "\n", " ")
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

// field writes a label and its value, when there is one.
func field(w io.Writer, label, value string) {
	if value != "" {
		row(w, label, value)
	}
}

// when is a time and how far it is from now, or a dash.
func (p *program) when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	gap := t.Sub(p.env.Now()).Round(time.Second)
	if gap >= 0 {
		return t.Local().Format("2006-01-02 15:04:05") + " (in " + span(gap) + ")"
	}
	return t.Local().Format("2006-01-02 15:04:05") + " (" + span(-gap) + " ago)"
}

// span rounds a duration to its two largest units.
func span(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
