package draft

import (
	"github.com/valetkey/valetkey/api"
)

// File is one input of an importer.
type File struct {
	Name string // as the user gave it, or its path in a directory or archive, with slashes
	Data []byte
}

// Draft is what was read, by name. Clients name providers of the draft or of
// the catalogue, connections name clients of the draft.
type Draft struct {
	Providers   map[string]api.Provider       `json:"providers,omitempty"`
	Clients     map[string]api.ClientSpec     `json:"clients,omitempty"`
	Connections map[string]api.ConnectionSpec `json:"connections,omitempty"`
	Tokens      map[string]api.TokenImport    `json:"tokens,omitempty"` // by connection
	Notes       []Note                        `json:"notes,omitempty"`

	noted   map[Note]int // where an equal note stands in Notes; its Where is empty
	dropped int          // notes beyond maxNotes
}

// New returns an empty draft.
func New() Draft {
	return Draft{
		Providers:   make(map[string]api.Provider),
		Clients:     make(map[string]api.ClientSpec),
		Connections: make(map[string]api.ConnectionSpec),
		Tokens:      make(map[string]api.TokenImport),
		noted:       make(map[Note]int),
	}
}

// Empty says whether there is nothing to apply.
func (d *Draft) Empty() bool {
	return len(d.Providers)+len(d.Clients)+len(d.Connections)+len(d.Tokens) == 0
}
