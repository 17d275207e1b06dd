package cli

import (
	"io"
	"time"

	"github.com/valetkey/valetkey/internal/console"
)

// print writes a result: value as the API's JSON or as YAML, or the table.
func (p *program) print(value any, table func(w io.Writer)) error {
	return console.Print(p.streams.Out, p.flags.output, value, table)
}

// when is a time and how far it is from now, or a dash.
func (p *program) when(t *time.Time) string { return console.When(t, p.env.Now()) }

func (s Streams) person() console.Streams { return console.Streams{In: s.In, Err: s.Err} }
