package prompt

import (
	"io"
	"time"
)

// Streams are where a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer // what was asked for
	Err io.Writer // everything else
}

// Env is the surroundings of a command. The zero value has no environment
// variables and the system's clock.
type Env struct {
	Getenv  func(string) string
	Now     func() time.Time
	Browser func(url string) error // opens a page; nil: the system's browser
	Version string                 // of the program, such as v1.2.0
}

// Prompt is one command line: where it reads and writes, what surrounds it,
// and the flags that every command takes.
type Prompt struct {
	Streams Streams
	Env     Env
	Flags   GlobalFlags
}

// New is the prompt of one command line. What env leaves out is the system's.
func New(streams Streams, env Env) *Prompt {
	return &Prompt{Streams: streams, Env: env.withDefaults()}
}

func (e Env) withDefaults() Env {
	if e.Getenv == nil {
		e.Getenv = func(string) string { return "" }
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Browser == nil {
		e.Browser = openBrowser
	}
	if e.Version == "" {
		e.Version = "devel"
	}
	return e
}
