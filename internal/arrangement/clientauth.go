package arrangement

import (
	"maps"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// OpenCredential opens what a client authenticates with.
func (d *Desk) OpenCredential(c ledger.Client) (clientauth.Credential, error) {
	text, err := d.Keyring.Open(c.Secret, ledger.ClientSecretPlace(c.Name))
	if err != nil {
		return clientauth.Credential{}, err
	}
	credential, err := clientauth.Read(text)
	if err != nil {
		return credential, fault.Wrap(err, api.CodeInternal, "the credential of client %q cannot be read", c.Name)
	}
	return credential, nil
}

// ChangeCredential seals in next what a spec says over what the client has.
// hidden names the variables that are secrets: they are sealed with it. What
// was learned of the client stays where it still holds.
func (d *Desk) ChangeCredential(old ledger.Client, next *ledger.Client, spec api.ClientSpec, hidden []string) error {
	before, err := d.OpenCredential(old)
	if err != nil {
		return err
	}
	after, err := before.With(spec, hidden)
	if err != nil {
		return err
	}
	text, err := after.Text()
	if err != nil {
		return err
	}
	next.Variables = make(map[string]string, len(spec.Variables))
	for name, value := range spec.Variables {
		if _, sealed := after.Variables[name]; !sealed {
			next.Variables[name] = value
		}
	}
	if old.Provider == next.Provider && old.ClientID == next.ClientID && old.TokenEndpointAuthMethod == next.TokenEndpointAuthMethod && before.Same(after) {
		next.Learned = old.Learned
	}
	next.Secret, err = d.Keyring.Seal(text, ledger.ClientSecretPlace(next.Name))
	return err
}

// ShowCredential says what there is without showing it.
func (d *Desk) ShowCredential(c ledger.Client, view *api.Client) {
	if found := c.Learned; found.Method != "" {
		view.FoundAuthMethod = &api.FoundMethod{Method: found.Method, FoundAt: found.MethodAt}
	}
	credential, err := d.OpenCredential(c)
	if err != nil {
		view.ClientSecret = api.Mask // something is there, and the keyring in use does not open it
		return
	}
	credential.Show(view, d.Outside)
	if used := c.Learned; len(credential.Secrets) > 1 && !used.SecretAt.IsZero() {
		view.ClientSecretInUse = &api.SecretInUse{Position: used.Secret + 1, Since: used.SecretAt}
	}
}

// authCase is the connection's client at its server, now.
func (d *Desk) authCase(a Arrangement, server oauth.Server) clientauth.Case {
	known := map[string]string{catalog.InClientID: a.Client.ClientID}
	maps.Copy(known, a.Provider.Variables)
	return clientauth.Case{
		Client:    a.Client.Name,
		ClientID:  a.Client.ClientID,
		Method:    a.Client.TokenEndpointAuthMethod,
		OwnWay:    a.Described.TokenEndpointAuth != nil,
		Learned:   a.Client.Learned,
		Provider:  a.Provider.Provider,
		Variables: known,
		Server:    server,
		Outside:   d.Outside,
		Now:       d.Now(),
		Rand:      d.Rand,
	}
}

// forCertificate is the server as this client sees it: where it shows a
// certificate, at the aliases for that (RFC 8705 section 5).
func (d *Desk) forCertificate(a Arrangement, server oauth.Server) (oauth.Server, error) {
	if server.MTLSEndpointAliases == nil {
		return server, nil
	}
	credential, err := d.OpenCredential(a.Client)
	if err != nil || !d.authCase(a, server).Shows(credential) {
		return server, err
	}
	return server.ForCertificate(), nil
}
