package manifest

import (
	"encoding/json"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// Manifest is a desired state. What it does not name is left alone, unless a
// plan prunes.
type Manifest struct {
	Providers   map[string]api.Provider       `json:"providers,omitempty"`
	Clients     map[string]api.ClientSpec     `json:"clients,omitempty"`
	Connections map[string]api.ConnectionSpec `json:"connections,omitempty"`

	places map[string]strictyaml.Place // by kind/name; empty when it was not parsed
	refs   map[string]strictyaml.Place // where kind/name refers to another thing
}

// Of makes a manifest that was not parsed from files.
func Of(m api.Manifest) Manifest {
	return Manifest{Providers: m.Providers, Clients: m.Clients, Connections: m.Connections}
}

// Wire is the manifest as the API takes it.
func (m Manifest) Wire() api.Manifest {
	return api.Manifest{Providers: m.Providers, Clients: m.Clients, Connections: m.Connections}
}

// The kinds of things in a manifest, in the order in which they are made.
const (
	KindProvider   = "provider"
	KindClient     = "client"
	KindConnection = "connection"
)

func empty() Manifest {
	return Manifest{
		Providers:   make(map[string]api.Provider),
		Clients:     make(map[string]api.ClientSpec),
		Connections: make(map[string]api.ConnectionSpec),
		places:      make(map[string]strictyaml.Place),
		refs:        make(map[string]strictyaml.Place),
	}
}

// State is what there is: all that the API lists.
type State struct {
	Providers   []api.Provider // built-in ones among them
	Clients     []api.Client
	Connections []api.Connection
}

// Export makes the manifest of a state, without secrets and without what is
// built in.
func Export(s State) Manifest {
	m := empty()
	for _, p := range s.Providers {
		if !p.BuiltIn {
			name := p.Name
			p.Name = ""
			m.Providers[name] = p
		}
	}
	for _, c := range s.Clients {
		m.Clients[c.Name] = specOf(c)
	}
	for _, c := range s.Connections {
		m.Connections[c.Name] = c.ConnectionSpec
	}
	return m
}

// specOf is what could be written of a client, without its secrets: what it
// reads back under the keys that can be written.
func specOf(c api.Client) (spec api.ClientSpec) {
	text, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err != nil {
		return api.ClientSpec{} // cannot happen: a client is written by the same keys
	}
	return withoutSecrets(spec)
}

// withoutSecrets is a client without what does not read back.
func withoutSecrets(spec api.ClientSpec) api.ClientSpec {
	spec.ClientSecret, spec.ClientSecrets, spec.PrivateKey = nil, nil, nil
	return spec
}

// header opens an exported manifest.
const header = `# Client secrets are not exported: a client keeps the one it has. To set one,
# add client_secret: {env: NAME} or {file: PATH} to the client.
`

// Encode writes the manifest as YAML. Secrets are left out.
func (m Manifest) Encode() ([]byte, error) {
	bare := Manifest{Providers: m.Providers, Connections: m.Connections, Clients: make(map[string]api.ClientSpec, len(m.Clients))}
	for name, spec := range m.Clients {
		bare.Clients[name] = withoutSecrets(spec)
	}
	text, err := strictyaml.Encode(bare)
	if err != nil {
		return nil, err
	}
	return append([]byte(header), text...), nil
}
