package prompt

import (
	"context"

	"github.com/valetkey/valetkey/api"
)

// Credential reads what a client authenticates with from the files that are
// named, or with "-" from stdin or a prompt. What is not named is nil.
func (p *Prompt) Credential(ctx context.Context, secretFile, keyFile string) (secret, key *api.Secret, err error) {
	for _, read := range []struct {
		path, prompt string
		to           **api.Secret
	}{{secretFile, "client secret", &secret}, {keyFile, "private key", &key}} {
		if read.path == "" {
			continue
		}
		text, err := p.Streams.Person().ReadSecret(ctx, read.path, read.prompt)
		if err != nil {
			return nil, nil, err
		}
		*read.to = &text
	}
	return secret, key, nil
}

// PatchCredential is Credential for a merge patch.
func (p *Prompt) PatchCredential(ctx context.Context, patch map[string]any, secretFile, keyFile string) error {
	secret, key, err := p.Credential(ctx, secretFile, keyFile)
	if secret != nil {
		patch["client_secret"] = string(*secret)
	}
	if key != nil {
		patch["private_key"] = string(*key)
	}
	return err
}
