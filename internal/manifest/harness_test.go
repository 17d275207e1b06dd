package manifest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/manifest"
)

// environment has one variable and one readable file.
func environment() manifest.Environment {
	return manifest.Environment{
		Getenv: func(name string) string {
			return map[string]string{"CONTOSO_SECRET": "from-env"}[name]
		},
		ReadFile: func(path string) ([]byte, error) {
			switch filepath.ToSlash(path) {
			case "etc/secrets/other":
				return []byte("from-file\r\n"), nil
			case "/abs/secret":
				return []byte("two\nlines\n\n"), nil
			case "etc/empty":
				return []byte("\n"), nil
			case "etc/locked":
				return nil, fs.ErrPermission
			}
			return nil, fs.ErrNotExist
		},
	}
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, texts ...string) manifest.Manifest {
	t.Helper()
	m, err := parseAll(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// parseAll reads texts as the files etc/a.yaml, etc/b.yaml and so on.
func parseAll(texts ...string) (manifest.Manifest, error) {
	var files []manifest.File
	for i, text := range texts {
		files = append(files, manifest.File{Name: "etc/" + string(rune('a'+i)) + ".yaml", Data: []byte(text)})
	}
	return manifest.Parse(files, environment())
}

// applied is the state after a manifest was written to an empty server.
func applied(m manifest.Manifest) manifest.State {
	s := manifest.State{Providers: []api.Provider{{Name: "microsoft", BuiltIn: true}}}
	for name, p := range m.Providers {
		p.Name = name
		s.Providers = append(s.Providers, p)
	}
	for name, spec := range m.Clients {
		c := api.Client{
			Name: name, Description: spec.Description, Provider: spec.Provider, Variables: spec.Variables, ClientID: spec.ClientID,
			TokenEndpointAuthMethod: spec.TokenEndpointAuthMethod, AllowedHosts: spec.AllowedHosts, RedirectURI: "http://127.0.0.1:8539/oauth/callback",
		}
		if spec.ClientSecret != nil && *spec.ClientSecret != "" {
			c.ClientSecret = api.Mask
		}
		s.Clients = append(s.Clients, c)
	}
	for name, spec := range m.Connections {
		s.Connections = append(s.Connections, api.Connection{Name: name, ConnectionSpec: spec})
	}
	return s
}
