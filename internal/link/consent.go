package link

import (
	"cmp"
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// Consent is what an administrator must know besides.
type Consent struct {
	Organisation string // that is expected; "": any
	Service      bool   // the client acts for itself, without a person
	ThenSignsIn  bool   // a sign-in follows the consent
}

// ForConsent says that an administrator is asked to allow the client in their
// organisation.
func (l Link) ForConsent() bool { return l.Terms.Kind == api.LinkAdminConsent }

// kept is a kind as it is stored: the usual one is not.
func kept(kind string) string {
	if kind == api.LinkAuthorize {
		return ""
	}
	return kind
}

func checkKind(spec api.ConnectLinkSpec) error {
	switch {
	case spec.Kind != "" && spec.Kind != api.LinkAuthorize && spec.Kind != api.LinkAdminConsent:
		return fault.New(api.CodeInvalid, "there is no kind of link %q", spec.Kind).WithHint("kind is authorize or admin_consent")
	case spec.ThenAuthorize && spec.Kind != api.LinkAdminConsent:
		return fault.New(api.CodeInvalid, "then_authorize goes with the kind admin_consent").WithHint("leave it away: this link authorizes in any case")
	case spec.Kind == api.LinkAdminConsent && spec.ExpectedAccount != "" && !spec.ThenAuthorize:
		return fault.New(api.CodeInvalid, "expected_account is of an authorization, and a consent is none").
			WithHint("set then_authorize, or the variable of the connection that names the organisation")
	}
	return nil
}

// checkConsent wants a provider that has a consent of administrators.
func (l *Links) checkConsent(ctx context.Context, spec *api.ConnectLinkSpec, connection api.ConnectionSpec) error {
	client, err := l.Broker.Client(ctx, connection.Client)
	if err != nil {
		return err
	}
	provider, err := l.Broker.Provider(ctx, client.Provider)
	if err != nil {
		return err
	}
	if provider.AdminConsent == nil {
		return fault.New(api.CodeInvalid, "the provider %q has no consent of an administrator for a whole organisation", provider.Name).
			WithHint("make a link of the kind authorize; or set admin_consent_endpoint in the provider's description")
	}
	if spec.ThenAuthorize && cmp.Or(connection.Grant, provider.Grant) == "client_credentials" {
		return fault.New(api.CodeInvalid, "the connection %q uses client_credentials: nobody needs to authorize it after the consent", spec.Connection).
			WithHint("leave then_authorize away: its first token is asked for by itself")
	}
	return nil
}

func consentOf(one Link, p api.Provider, given catalog.Values) Consent {
	if !one.ForConsent() || p.AdminConsent == nil {
		return Consent{}
	}
	return Consent{Organisation: catalog.Organisation(p, given), ThenSignsIn: one.Terms.ThenAuthorize}
}

// granted is the organisation of a connection whose link of a consent is done.
func (l *Links) granted(ctx context.Context, one Link, status api.FlowStatus) (map[string]string, error) {
	if !one.ForConsent() || status != api.FlowDone {
		return nil, nil
	}
	connection, err := l.Broker.Connection(ctx, one.Connection)
	if err != nil {
		return nil, err
	}
	client, err := l.Broker.Client(ctx, connection.Client)
	if err != nil {
		return nil, err
	}
	provider, err := l.Broker.Provider(ctx, client.Provider)
	if err != nil || provider.AdminConsent == nil {
		return nil, err
	}
	given := catalog.Values{Client: client.Variables, Connection: connection.Variables}
	if own := catalog.Organisation(provider, given); own != "" {
		return map[string]string{provider.AdminConsent.Variable: own}, nil
	}
	return catalog.Consented(provider, connection.Captured), nil
}

// Consented follows a consent into the flow that goes on in its place, and
// refuses one whose link was taken back. A flow that belongs to no link is not
// judged.
func (l *Links) Consented(ctx context.Context, flow, next string) error {
	one, ok, err := l.byFlow(ctx, flow)
	if err != nil || !ok {
		return err
	}
	if one.Status == api.LinkRevoked {
		return fault.New(api.CodeForbidden, "this link was taken back while an administrator consented").
			WithHint("ask whoever sent it for a new one; the consent itself can be taken back at the provider")
	}
	if next == "" {
		return nil
	}
	_, err = l.save(ctx, one, func(link *Link) error {
		if link.Flow == flow {
			link.Flow = next
		}
		return nil
	})
	return err
}
