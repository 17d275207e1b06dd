package arrangement

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
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

// ChangeCredential seals what a spec says over what is there.
func (d *Desk) ChangeCredential(old ledger.Client, name string, spec api.ClientSpec) (secret.Sealed, error) {
	credential, err := d.OpenCredential(old)
	if err != nil {
		return nil, err
	}
	if credential, err = credential.With(spec); err != nil {
		return nil, err
	}
	text, err := credential.Text()
	if err != nil {
		return nil, err
	}
	return d.Keyring.Seal(text, ledger.ClientSecretPlace(name))
}

// ShowCredential says what there is without showing it.
func (d *Desk) ShowCredential(c ledger.Client, view *api.Client) {
	credential, err := d.OpenCredential(c)
	if err != nil {
		view.ClientSecret = api.Mask // something is there, and the keyring in use does not open it
		return
	}
	credential.Show(view)
}

// authCase is the connection's client at its server, now.
func (d *Desk) authCase(a Arrangement, server oauth.Server) clientauth.Case {
	return clientauth.Case{
		Client:    a.Client.Name,
		ClientID:  a.Client.ClientID,
		Method:    a.Client.TokenEndpointAuthMethod,
		OwnWay:    a.Described.TokenEndpointAuth != nil,
		Provider:  a.Provider.Provider,
		Variables: a.Provider.Variables,
		Server:    server,
		Now:       d.Now(),
		Rand:      d.Rand,
	}
}

// ClientAuth makes the client's authentication for one token request.
func (d *Desk) ClientAuth(a Arrangement, server oauth.Server) (oauth.ClientAuth, error) {
	credential, err := d.OpenCredential(a.Client)
	if err != nil {
		return oauth.ClientAuth{}, err
	}
	return d.authCase(a, server).Authenticate(credential)
}
