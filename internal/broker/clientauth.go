package broker

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// openCredential opens what a client authenticates with.
func (b *Broker) openCredential(c ledger.Client) (clientauth.Credential, error) {
	text, err := b.Keyring.Open(c.Secret, ledger.ClientSecretPlace(c.Name))
	if err != nil {
		return clientauth.Credential{}, err
	}
	credential, err := clientauth.Read(text)
	if err != nil {
		return credential, fault.Wrap(err, api.CodeInternal, "the credential of client %q cannot be read", c.Name)
	}
	return credential, nil
}

// changeCredential seals what a spec says over what is there.
func (b *Broker) changeCredential(old ledger.Client, name string, spec api.ClientSpec) (secret.Sealed, error) {
	credential, err := b.openCredential(old)
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
	return b.Keyring.Seal(text, ledger.ClientSecretPlace(name))
}

// showCredential says what there is without showing it.
func (b *Broker) showCredential(c ledger.Client, view *api.Client) {
	credential, err := b.openCredential(c)
	if err != nil {
		view.ClientSecret = api.Mask // something is there, and the keyring in use does not open it
		return
	}
	credential.Show(view)
}

// authCase is the connection's client at its server, now.
func (b *Broker) authCase(a arrangement, server oauth.Server) clientauth.Case {
	return clientauth.Case{
		Client:    a.client.Name,
		ClientID:  a.client.ClientID,
		Method:    a.client.TokenEndpointAuthMethod,
		OwnWay:    a.described.TokenEndpointAuth != nil,
		Provider:  a.provider.Provider,
		Variables: a.provider.Variables,
		Server:    server,
		Now:       b.Now(),
		Rand:      b.Rand,
	}
}

// clientAuth makes the client's authentication for one token request.
func (b *Broker) clientAuth(a arrangement, server oauth.Server) (oauth.ClientAuth, error) {
	credential, err := b.openCredential(a.client)
	if err != nil {
		return oauth.ClientAuth{}, err
	}
	return b.authCase(a, server).Authenticate(credential)
}
