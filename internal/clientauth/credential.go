package clientauth

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// maxSecrets bounds how many secrets a client has at a time.
const maxSecrets = 8

// Credential is what a client authenticates with. It is kept as one sealed
// document, so that a store needs no column for each kind.
type Credential struct {
	Secrets    []secret.Text          // client_secret, then client_secrets, in the order they are tried
	PrivateKey secret.Text            // PEM, JWK, or a service account's JSON file
	Variables  map[string]secret.Text // those that the provider calls secret
	Sources    api.ClientSources
}

// kept is a Credential as it is sealed.
type kept struct {
	Secret     string            `json:"client_secret,omitempty"`
	Further    []string          `json:"client_secrets,omitempty"`
	PrivateKey string            `json:"private_key,omitempty"`
	Variables  map[string]string `json:"variables,omitempty"`
	Sources    api.ClientSources `json:"sources,omitzero"`
}

// Read opens a kept credential. The empty text is the empty credential.
func Read(text secret.Text) (Credential, error) {
	if text.IsZero() {
		return Credential{}, nil
	}
	var k kept
	if err := json.Unmarshal([]byte(text.Reveal()), &k); err != nil {
		return Credential{}, errors.New("the document is not one of ours") // the error of JSON may quote it
	}
	c := Credential{PrivateKey: secret.NewText(k.PrivateKey), Sources: k.Sources}
	if k.Secret != "" {
		c.Secrets = append(c.Secrets, secret.NewText(k.Secret))
	}
	for _, further := range k.Further {
		c.Secrets = append(c.Secrets, secret.NewText(further))
	}
	for name, value := range k.Variables {
		c.set(name, secret.NewText(value))
	}
	return c, nil
}

func (c *Credential) set(variable string, value secret.Text) {
	if c.Variables == nil {
		c.Variables = make(map[string]secret.Text)
	}
	c.Variables[variable] = value
}

// Text is the credential as it is kept; empty when there is nothing to keep.
func (c Credential) Text() (secret.Text, error) {
	k := kept{PrivateKey: c.PrivateKey.Reveal(), Sources: c.Sources}
	for i, text := range c.Secrets {
		if i == 0 {
			k.Secret = text.Reveal()
		} else {
			k.Further = append(k.Further, text.Reveal())
		}
	}
	if len(c.Variables) > 0 {
		k.Variables = c.Reveal(nil)
	}
	text, err := json.Marshal(k)
	if err != nil || string(text) == "{}" {
		return secret.Text{}, err
	}
	return secret.NewText(string(text)), nil
}

// Reveal is variables with the secret ones among them.
func (c Credential) Reveal(variables map[string]string) map[string]string {
	if len(c.Variables) == 0 {
		return variables
	}
	all := make(map[string]string, len(variables)+len(c.Variables))
	maps.Copy(all, variables)
	for name, value := range c.Variables {
		all[name] = value.Reveal()
	}
	return all
}

// Secret is the one at a place; empty when there is none.
func (c Credential) Secret(place int) secret.Text {
	if place < 0 || place >= len(c.Secrets) {
		return secret.Text{}
	}
	return c.Secrets[place]
}

// Same reports whether two credentials authenticate alike.
func (c Credential) Same(other Credential) bool {
	a, b := c.Sources, other.Sources
	a.ClientSecretExpiresAt, b.ClientSecretExpiresAt = nil, nil
	return slices.Equal(c.Secrets, other.Secrets) && c.PrivateKey == other.PrivateKey && reflect.DeepEqual(a, b)
}

// HasKey reports whether there is a private key, here or in a file.
func (c Credential) HasKey() bool { return !c.PrivateKey.IsZero() || c.Sources.PrivateKeyPath != "" }

// With is the credential after a spec was written over it. A secret that is
// absent or masked stays. hidden names the variables that are secrets; the
// others are left to the caller. The error has [api.CodeInvalid].
func (c Credential) With(spec api.ClientSpec, hidden []string) (Credential, error) {
	next := Credential{PrivateKey: c.PrivateKey, Sources: spec.ClientSources}
	write(&next.PrivateKey, spec.PrivateKey)
	first := c.Secret(0)
	write(&first, spec.ClientSecret)
	further, err := c.further(spec.ClientSecrets)
	if err != nil {
		return c, err
	}
	next.Secrets = slices.DeleteFunc(append([]secret.Text{first}, further...), secret.Text.IsZero)
	for _, name := range hidden {
		value, given := spec.Variables[name]
		old, had := c.Variables[name]
		switch {
		case !given || value == "":
		case value != api.Mask:
			next.set(name, secret.NewText(value))
		case had:
			next.set(name, old)
		default:
			return c, fault.New(api.CodeInvalid, "the variable %q is masked, and there is no value to keep", name).
				WithHint("give its value; a secret does not read back")
		}
	}
	return next, next.check(spec)
}

// further are the secrets after the first, as a spec leaves them.
func (c Credential) further(written *[]api.Secret) ([]secret.Text, error) {
	var old []secret.Text
	if len(c.Secrets) > 1 {
		old = c.Secrets[1:]
	}
	if written == nil {
		return slices.Clone(old), nil
	}
	if len(*written) >= maxSecrets {
		return nil, fault.New(api.CodeInvalid, "a client has at most %d secrets at a time", maxSecrets).
			WithHint("take out those that the provider has ended")
	}
	further := make([]secret.Text, 0, len(*written))
	for i, value := range *written {
		switch {
		case value != api.Mask:
			further = append(further, secret.NewText(string(value)))
		case i < len(old):
			further = append(further, old[i])
		default:
			return nil, fault.New(api.CodeInvalid, "client_secrets masks %d secrets, and there are %d", i+1, len(old)).
				WithHint("give the secret itself in place of the mask")
		}
	}
	return further, nil
}

// check refuses what can never authenticate.
func (c Credential) check(spec api.ClientSpec) error {
	if err := checkSources(c.Sources); err != nil {
		return err
	}
	if c.Sources.PrivateKeyPath != "" && !c.PrivateKey.IsZero() {
		return fault.New(api.CodeInvalid, "private_key and private_key_path exclude each other").
			WithHint("remove one of the two; an empty private_key removes the key that is kept here")
	}
	if c.Sources.CertificatePath != "" && !c.HasKey() {
		return fault.New(api.CodeInvalid, "certificate_path needs the private key that the certificate belongs to").
			WithHint("set private_key_path, or private_key")
	}
	if spec.PrivateKey == nil || c.PrivateKey.IsZero() {
		return nil
	}
	if _, err := assertion.ParseKey([]byte(c.PrivateKey.Reveal())); err != nil {
		return fault.Wrap(err, api.CodeInvalid, "the private key cannot be used: %s", oauth.Words(err)).
			WithHint("give a PEM file (with its certificate, where there is one), a JWK, or a service account's JSON file")
	}
	return nil
}

func checkSources(s api.ClientSources) error {
	paths := map[string]string{"private_key_path": s.PrivateKeyPath, "certificate_path": s.CertificatePath}
	if from := s.ClientAssertion; from != nil {
		paths["client_assertion.from_file"] = from.FromFile
		if len(from.FromCommand) > 0 {
			paths["client_assertion.from_command"] = from.FromCommand[0]
		}
		if (from.FromFile == "") == (len(from.FromCommand) == 0) {
			return fault.New(api.CodeInvalid, "client_assertion comes from one of from_file and from_command").
				WithHint("from_file: the path of a file that holds the assertion; from_command: a program that prints it, with its arguments")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(paths)) {
		if path := paths[key]; path != "" && !absolute(path) {
			return fault.New(api.CodeInvalid, "%s is %q, which is no absolute path", key, path).
				WithHint("the server reads it, wherever it was started: write the path from the root on")
		}
	}
	return nil
}

// absolute knows the forms of every system: a client may be written from another.
func absolute(path string) bool {
	drive := len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')
	return strings.HasPrefix(path, "/") || strings.HasPrefix(path, `\\`) || drive
}

func write(field *secret.Text, value *api.Secret) {
	if value != nil && *value != api.Mask {
		*field = secret.NewText(string(*value))
	}
}

// Show says on a client's view what there is, without showing it.
func (c Credential) Show(view *api.Client, outside Outside) {
	view.ClientSecret, view.PrivateKey, view.ClientSources = c.Secret(0).String(), c.PrivateKey.String(), c.Sources
	for range max(0, len(c.Secrets)-1) {
		view.ClientSecrets = append(view.ClientSecrets, api.Mask)
	}
	if len(c.Variables) > 0 {
		view.Variables = maps.Clone(view.Variables)
		if view.Variables == nil {
			view.Variables = make(map[string]string)
		}
		for name := range c.Variables {
			view.Variables[name] = api.Mask
		}
	}
	if !c.HasKey() {
		return
	}
	key, err := c.Key(outside)
	if err != nil {
		return
	}
	if ends, ok := key.CertificateExpires(); ok {
		ends = ends.UTC()
		view.CertificateExpiresAt = &ends
	}
}
