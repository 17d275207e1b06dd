package registration

import (
	"errors"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/register"
)

// refused puts a server's refusal into words, with what to do (RFC 7591 section
// 3.2.2). A nil error stays nil.
func (r *Registrar) refused(err error, provider string) error {
	var said *oauth.Error
	if !errors.As(err, &said) {
		return err
	}
	code := api.CodeNeedsConfiguration
	if said.Action == oauth.ActionRetry || said.Action == oauth.ActionUnknownOutcome {
		code = api.CodeUnreachable
	}
	shown := fault.Wrap(err, code, "the provider %q did not do what was asked of the registration: %s", provider, said.Error())
	switch {
	case said.Code == register.CodeInvalidRedirectURI:
		return shown.WithHint("it does not take %s; set VALETKEY_PUBLIC_URL to an https address, or give others with --metadata redirect_uris=…", r.desk.RedirectURI)
	case said.Code == register.CodeInvalidClientMetadata:
		return shown.WithHint("--metadata NAME=VALUE changes what is sent, --metadata NAME=null leaves it out; a token_endpoint_auth_method is what is refused most")
	case said.Code == register.CodeInvalidSoftwareStatement || said.Code == register.CodeUnapprovedSoftwareStatement:
		return shown.WithHint("have the provider issue a software statement and give it with --metadata software_statement=…")
	case said.Status == http.StatusUnauthorized || said.Status == http.StatusForbidden:
		return shown.WithHint("it does not register just anyone: ask it for an initial access token and give it with --initial-access-token-file; to manage a registration, its own token must be good still")
	case code == api.CodeUnreachable:
		return shown.WithHint("try again later")
	}
	return shown.WithHint("register by hand and run valetkey client add")
}
