package clientauth

import (
	"encoding/json"
	"errors"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// Credential is what a client authenticates with. It is kept as one sealed
// document, so that a store needs no column for each kind.
type Credential struct {
	Secret     secret.Text
	PrivateKey secret.Text // PEM, JWK, or a service account's JSON file
}

// kept is a Credential as it is sealed.
type kept struct {
	Secret     string `json:"client_secret,omitempty"`
	PrivateKey string `json:"private_key,omitempty"`
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
	return Credential{secret.NewText(k.Secret), secret.NewText(k.PrivateKey)}, nil
}

// Text is the credential as it is kept; empty when there is nothing to keep.
func (c Credential) Text() (secret.Text, error) {
	if c == (Credential{}) {
		return secret.Text{}, nil
	}
	text, err := json.Marshal(kept{c.Secret.Reveal(), c.PrivateKey.Reveal()})
	return secret.NewText(string(text)), err
}

// With is the credential after a spec was written over it. A secret that is
// absent or masked stays. The error has [api.CodeInvalid].
func (c Credential) With(spec api.ClientSpec) (Credential, error) {
	write(&c.Secret, spec.ClientSecret)
	write(&c.PrivateKey, spec.PrivateKey)
	if spec.PrivateKey == nil || c.PrivateKey.IsZero() {
		return c, nil
	}
	if _, err := assertion.ParseKey([]byte(c.PrivateKey.Reveal())); err != nil {
		return c, fault.Wrap(err, api.CodeInvalid, "the private key cannot be used: %s", oauth.Words(err)).
			WithHint("give a PEM file (with its certificate, where there is one), a JWK, or a service account's JSON file")
	}
	return c, nil
}

func write(field *secret.Text, value *api.Secret) {
	if value != nil && *value != api.Mask {
		*field = secret.NewText(string(*value))
	}
}

// Show says on a client's view what there is, without showing it.
func (c Credential) Show(view *api.Client) {
	view.ClientSecret, view.PrivateKey = c.Secret.String(), c.PrivateKey.String()
	if c.PrivateKey.IsZero() {
		return
	}
	key, err := assertion.ParseKey([]byte(c.PrivateKey.Reveal()))
	if err != nil {
		return
	}
	if ends, ok := key.CertificateExpires(); ok {
		ends = ends.UTC()
		view.CertificateExpiresAt = &ends
	}
}
