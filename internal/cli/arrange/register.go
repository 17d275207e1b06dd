package arrange

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// registerFlags say how a client is registered, or what is done with its
// registration.
type registerFlags struct {
	provider, description, by, tokenFile string
	variables, metadata                  []string
	show, update, remove                 bool
}

func (p Commands) clientRegisterCommand() *cobra.Command {
	var f registerFlags
	cmd := &cobra.Command{
		Use:   "register NAME",
		Short: "Have Valetkey register a client by itself, or manage its registration",
		Long: `Register a client at a provider that registers programs by themselves (RFC 7591):
Valetkey sends its redirect URI and a key of its own and keeps what it is given.
Where the provider reads client id documents and this server has a public https
address, the address of such a document is the client id, and nothing is sent.

--show asks the provider how the client is registered, --update changes the
metadata, --delete ends the registration and deletes the client (RFC 7592).`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteClients,
		Example: `  valetkey client register contoso-app --provider contoso
  valetkey client register contoso-app --provider contoso --initial-access-token-file token.txt --metadata client_name="Contoso mail"
  valetkey client register contoso-app --update --metadata 'contacts=["it@contoso.example"]'
  valetkey client register contoso-app --delete`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.register(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.provider, "provider", "", "the provider to register at")
	flags.StringVar(&f.description, "description", "", "a note to yourself")
	flags.StringVar(&f.by, "by", "", "auto (default), document or dynamic")
	flags.StringVar(&f.tokenFile, "initial-access-token-file", "", "the `FILE` with the token that lets you register; - for stdin or a prompt")
	flags.StringArrayVar(&f.variables, "var", nil, "a variable of the provider, `NAME=VALUE`; may be repeated")
	flags.StringArrayVar(&f.metadata, "metadata", nil, "a member of the client's metadata, `NAME=VALUE`; a value may be JSON, null leaves the member out; may be repeated")
	flags.BoolVar(&f.show, "show", false, "show how it is registered")
	flags.BoolVar(&f.update, "update", false, "change the registered metadata")
	flags.BoolVar(&f.remove, "delete", false, "end the registration and delete the client")
	cmd.MarkFlagsMutuallyExclusive("show", "update", "delete", "provider")
	_ = cmd.RegisterFlagCompletionFunc("provider", p.CompleteProviders)
	return cmd
}

func (p Commands) register(ctx context.Context, name string, f registerFlags) error {
	metadata, err := members(f.metadata)
	if err != nil {
		return err
	}
	if f.update && len(metadata) == 0 {
		return prompt.Usage("valetkey client register "+name+" --update --metadata NAME=VALUE", "nothing to change: give --metadata")
	}
	if f.provider == "" && !f.show && !f.update && !f.remove {
		return prompt.Usage("valetkey client register "+name+" --provider PROVIDER; valetkey providers lists the providers", "a registration needs --provider")
	}
	return p.With(ctx, func(s *prompt.Session) error {
		switch {
		case f.show:
			return p.showRegistration(s.Registration(ctx, name))
		case f.update:
			return p.showRegistration(s.ChangeRegistration(ctx, name, api.RegistrationChange{Metadata: metadata}))
		case f.remove:
			if err := s.Deregister(ctx, name); err != nil {
				return err
			}
			p.Note("client %s is deregistered and deleted", name)
			return nil
		}
		request := api.RegisterRequest{Provider: f.provider, Description: f.description, By: f.by, Metadata: metadata}
		var err error
		if request.Variables, err = prompt.Pairs("var", f.variables); err != nil {
			return err
		}
		if f.tokenFile != "" {
			token, err := p.Streams.Person().ReadSecret(ctx, f.tokenFile, "initial access token")
			if err != nil {
				return err
			}
			request.InitialAccessToken = token
		}
		return p.showClient(s.RegisterClient(ctx, name, request))
	})
}

// members reads the members of metadata: a value that is JSON is taken as such.
func members(texts []string) (map[string]any, error) {
	pairs, err := prompt.Pairs("metadata", texts)
	if err != nil || pairs == nil {
		return nil, err
	}
	out := make(map[string]any, len(pairs))
	for name, text := range pairs {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		out[name] = value
	}
	return out, nil
}

func (p Commands) showRegistration(r api.Registration, err error) error {
	if err != nil {
		return err
	}
	return p.Print(r, func(w io.Writer) {
		console.Row(w, "client", r.Client)
		console.Row(w, "client id", r.ClientID)
		console.Row(w, "registered by", r.By)
		console.Field(w, "managed at", r.RegistrationClientURI)
		if r.ClientSecretExpiresAt != nil {
			console.Row(w, "secret ends", p.When(r.ClientSecretExpiresAt))
		}
		for _, name := range slices.Sorted(maps.Keys(r.Metadata)) {
			text, ok := r.Metadata[name].(string)
			if !ok {
				whole, _ := json.Marshal(r.Metadata[name])
				text = string(whole)
			}
			console.Row(w, name, fmt.Sprint(text))
		}
	})
}
