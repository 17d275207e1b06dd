package form

import (
	"encoding/json"
	"strconv"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// The limits of a draft: what is beyond is noted, so that no input takes minutes.
const (
	maxForms      = 20_000 // of one input
	maxOperations = 5_000  // of one provider
)

// Builder adds forms to a draft.
type Builder struct {
	Draft *draft.Draft

	forms int // so far

	same map[string]string // what a thing says to the name it has
	next map[string]int    // kind and name to the number to try next
}

// NewBuilder makes a builder on a draft.
func NewBuilder(d *draft.Draft) *Builder {
	return &Builder{Draft: d, same: make(map[string]string), next: make(map[string]int)}
}

// Add adds a form to the draft. It returns the names of the provider and the
// connection made of it, or of those made before that say the same; empty
// where there is none.
func (b *Builder) Add(f Form) (provider, connection string) {
	m := maker{draft: b.Draft, form: f}
	if b.forms++; b.forms > maxForms {
		m.note("further OAuth settings", "there are more than 20,000 in the input", "import it in parts")
		m.leftToken()
		return "", ""
	}
	spec, ok := m.provider()
	if !ok {
		return "", ""
	}
	if err := catalog.Check(spec); err != nil {
		m.note(f.Name, fault.As(err).Message, "write the provider by hand: docs/providers.md")
		return "", ""
	}
	provider = b.provider(draft.Name(f.Name, "imported"), spec)
	client, ok := m.client(provider)
	if !ok {
		m.leftToken()
		return provider, ""
	}
	name := put(b, "client", draft.Name(f.Name, "imported"), b.Draft.Clients, client)
	if m.dead() {
		m.leftToken()
		return provider, ""
	}
	made := m.connection(name, b.Draft.Providers[provider])
	kind, before := "connection", len(b.Draft.Connections)
	if f.Apart {
		kind = apart(f)
	}
	connection = put(b, kind, draft.Name(f.Name, "imported"), b.Draft.Connections, made)
	b.token(&m, connection, len(b.Draft.Connections) > before)
	return provider, connection
}

// apart is what a grant of its own is known by: forms that say the same are
// one only when name and token are the same, too.
func apart(f Form) string {
	kind := "connection of " + f.Name
	if f.Tokens != nil {
		kind += "\x00" + string(f.Tokens.AccessToken) + "\x00" + string(f.Tokens.RefreshToken)
	}
	return kind
}

// provider stores a description. Scopes, base URL and title do not make it
// another one: connections have their own.
func (b *Builder) provider(name string, p api.Provider) string {
	bare := p
	bare.Scopes, bare.API, bare.Title = nil, nil, ""
	bare.Variables = nil // they follow from the templates
	if p.Scopes != nil {
		bare.Scopes = &api.ScopeRules{Separator: p.Scopes.Separator}
	}
	key := "provider " + says(bare)
	if known, ok := b.same[key]; ok && b.fits(known, p) {
		return known
	}
	name = b.free("provider", name, func(name string) bool { _, taken := b.Draft.Providers[name]; return taken })
	b.Draft.Providers[name] = p
	b.same[key] = name
	return name
}

// fits says whether a provider stored before has all variables that this one needs.
func (b *Builder) fits(name string, p api.Provider) bool {
	for v := range p.Variables {
		if _, ok := b.Draft.Providers[name].Variables[v]; !ok {
			return false
		}
	}
	return true
}

// put stores a thing, or finds the one stored before that says the same.
func put[T any](b *Builder, kind, name string, into map[string]T, thing T) string {
	key := kind + " " + says(thing)
	if known, ok := b.same[key]; ok {
		return known
	}
	name = b.free(kind, name, func(name string) bool { _, taken := into[name]; return taken })
	into[name] = thing
	b.same[key] = name
	return name
}

// free finds a name that is not taken. It remembers how far it came, so that
// a thousand things of one name take a thousand steps.
func (b *Builder) free(kind, name string, taken func(string) bool) string {
	if !taken(name) {
		return name
	}
	key := kind + "/" + name
	for n := max(b.next[key], 2); ; n++ {
		if try := name + "-" + strconv.Itoa(n); !taken(try) {
			b.next[key] = n + 1
			return try
		}
	}
}

// token stores a token set, once for each connection.
func (b *Builder) token(m *maker, connection string, fresh bool) {
	if m.form.Tokens == nil {
		return
	}
	held, ok := b.Draft.Tokens[connection]
	switch {
	case ok && held.AccessToken == m.form.Tokens.AccessToken && held.RefreshToken == m.form.Tokens.RefreshToken:
	case ok || !fresh:
		m.note("a second token set", "the connection "+connection+" has one already, or stands for several places", "import it by itself: valetkey import token FILE --name "+connection)
	default:
		b.Draft.Tokens[connection] = *m.form.Tokens
	}
}

func says(thing any) string {
	text, err := json.Marshal(thing)
	if err != nil {
		return ""
	}
	return string(text)
}

// AddNamed adds a connection with its token whose client and provider must be
// there already where the draft is applied, and the client where it has an id.
func (b *Builder) AddNamed(name string, client api.ClientSpec, connection api.ConnectionSpec, token api.TokenImport) {
	connection.Client = client.Provider
	if client.ClientID != "" {
		connection.Client = put(b, "client", name, b.Draft.Clients, client)
	}
	name = b.free("connection", name, func(name string) bool { _, taken := b.Draft.Connections[name]; return taken })
	b.Draft.Connections[name] = connection
	b.Draft.Tokens[name] = token
}
