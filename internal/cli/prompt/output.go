package prompt

import (
	"io"
	"time"

	"github.com/valetkey/valetkey/internal/console"
)

// Print writes a result: value as the API's JSON or as YAML, or the table.
func (p *Prompt) Print(value any, table func(w io.Writer)) error {
	return console.Print(p.Streams.Out, p.Flags.Output, value, table)
}

// When is a time and how far it is from now, or a dash.
func (p *Prompt) When(t *time.Time) string { return console.When(t, p.Env.Now()) }

// Person is the terminal of the one who typed the command.
func (s Streams) Person() console.Streams { return console.Streams{In: s.In, Err: s.Err} }
