package manifest

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// File is one file of a manifest. Its name is for messages and for where
// relative paths of secrets start.
type File struct {
	Name string
	Data []byte
}

// document is a file as it is written.
type document struct {
	Providers   map[string]api.Provider       `json:"providers"`
	Clients     map[string]client             `json:"clients"`
	Connections map[string]api.ConnectionSpec `json:"connections"`
}

// client hides the secret's wire type behind the forms a file may use.
type client struct {
	api.ClientSpec
	Variables     map[string]source `json:"variables"`
	ClientSecret  *source           `json:"client_secret"`
	ClientSecrets *[]source         `json:"client_secrets"`
	PrivateKey    *source           `json:"private_key"`
}

// Parse reads files as one manifest. A name may stand in one of them only.
// The error has [api.CodeInvalid] and lists every mistake with its place.
func Parse(files []File, env Environment) (Manifest, error) {
	p := parser{manifest: empty(), env: env}
	for _, file := range files {
		p.file(file)
	}
	if len(p.mistakes) > 0 {
		return Manifest{}, fault.New(api.CodeInvalid, "%s", strings.Join(p.mistakes, "\n"))
	}
	return p.manifest, nil
}

type parser struct {
	manifest Manifest
	env      Environment
	mistakes []string

	doc   *strictyaml.Document // of the file being read
	found []strictyaml.Problem // in it
}

func (p *parser) file(file File) {
	doc, err := strictyaml.Parse(file.Name, file.Data)
	var content document
	if err == nil {
		err = doc.Decode(&content)
	}
	if err != nil {
		p.mistakes = append(p.mistakes, fault.As(err).Message)
		return
	}
	p.doc, p.found = doc, nil
	for _, name := range slices.Sorted(maps.Keys(content.Providers)) {
		p.provider(name, content.Providers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(content.Clients)) {
		p.client(name, content.Clients[name], filepath.Dir(file.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(content.Connections)) {
		p.connection(name, content.Connections[name])
	}
	if len(p.found) > 0 {
		p.mistakes = append(p.mistakes, strictyaml.Fault(file.Name, p.found).Message)
	}
}

func (p *parser) provider(name string, spec api.Provider) {
	if !p.claim(KindProvider, "providers", name) {
		return
	}
	if spec.Name != "" && spec.Name != name {
		p.wrong("the name of a provider is its key; leave this out", "providers", name, "name")
	}
	if spec.BuiltIn {
		p.wrong("built_in cannot be set", "providers", name, "built_in")
	}
	spec.Name = ""
	p.manifest.Providers[name] = spec
}

func (p *parser) client(name string, spec client, dir string) {
	if !p.claim(KindClient, "clients", name) {
		return
	}
	if spec.Provider == "" {
		p.wrong(name+" names no provider", "clients", name)
	}
	if spec.ClientID == "" {
		p.wrong(name+" has no client_id", "clients", name)
	}
	read := func(from *source, keys ...string) *api.Secret {
		value, why := from.read(p.env, dir)
		if why != "" {
			p.wrong(strings.Join(keys, ".")+": "+why, append([]string{"clients", name}, keys...)...)
		}
		return value
	}
	written := spec.ClientSpec
	written.ClientSecret, written.PrivateKey = read(spec.ClientSecret, "client_secret"), read(spec.PrivateKey, "private_key")
	if spec.ClientSecrets != nil {
		further := make([]api.Secret, 0, len(*spec.ClientSecrets))
		for _, from := range *spec.ClientSecrets {
			further = append(further, masked(read(&from, "client_secrets")))
		}
		written.ClientSecrets = &further
	}
	for variable, from := range spec.Variables {
		if written.Variables == nil {
			written.Variables = make(map[string]string, len(spec.Variables))
		}
		written.Variables[variable] = string(masked(read(&from, "variables", variable)))
	}
	p.manifest.Clients[name] = written
	p.manifest.refs[KindClient+"/"+name] = p.doc.Place("clients", name, "provider")
}

func (p *parser) connection(name string, spec api.ConnectionSpec) {
	if !p.claim(KindConnection, "connections", name) {
		return
	}
	if spec.Client == "" {
		p.wrong(name+" names no client", "connections", name)
	}
	p.manifest.Connections[name] = spec
	p.manifest.refs[KindConnection+"/"+name] = p.doc.Place("connections", name, "client")
}

// claim takes a name, or reports where it was taken before.
func (p *parser) claim(kind, key, name string) bool {
	id, here := kind+"/"+name, p.doc.Place(key, name)
	if first, taken := p.manifest.places[id]; taken {
		p.wrong("the "+kind+" "+name+" stands here a second time; the first is at "+first.String(), key, name)
		return false
	}
	p.manifest.places[id] = here
	return true
}

func (p *parser) wrong(message string, path ...string) {
	at := p.doc.Place(path...)
	p.found = append(p.found, strictyaml.Problem{Line: at.Line, Column: at.Column, Message: message})
}
