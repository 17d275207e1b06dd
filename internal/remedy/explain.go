package remedy

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

// CodeNoRefreshToken is the code of a grant that expired and came without a
// refresh token: our own finding, explained like a provider's.
const CodeNoRefreshToken = "no_refresh_token"

// CodeOutcomeUnknown is the code of a grant whose last renewal may have been
// answered without the answer being kept: our own finding too.
const CodeOutcomeUnknown = "outcome_unknown"

// AuthMethod is the key of the evidence that says by which method the refused
// client authenticated.
const AuthMethod = "token_endpoint_auth_method"

// Case is what a refusal is about: the names a remedy has to mention.
type Case struct {
	Connection  string
	Client      string
	RedirectURI string
	Advice      string // how to get a refresh token from this provider
	// Hints are the provider's own: what to do, by error code or number.
	Hints map[string]string
}

// Cause puts a refusal into words. The detail is the server's own, which
// package oauth has bounded and freed of secrets.
func (c Case) Cause(err *oauth.Error) *api.Cause {
	title, remedy := c.Explain(err)
	detail := err.Description
	if len(err.ErrorCodes) > 0 {
		detail = strings.TrimSpace(detail + " [" + strings.Join(err.ErrorCodes, ", ") + "]")
	}
	if id := err.Evidence["correlation_id"]; id != "" && !strings.Contains(detail, id) {
		detail = strings.TrimSpace(detail + " correlation_id " + id)
	}
	return &api.Cause{Code: err.Code, Title: title, Detail: detail, Remedy: remedy}
}

// Explain says what a refusal means and what to do about it.
func (c Case) Explain(err *oauth.Error) (title, remedy string) {
	for _, number := range err.ErrorCodes {
		if title, remedy, ok := entra(strings.TrimPrefix(number, "AADSTS")); ok {
			return title, c.fill(remedy)
		}
	}
	title, remedy, known := c.byCode(err)
	if !known {
		title, remedy = c.byAction(err)
	}
	for _, key := range append(slices.Clone(err.ErrorCodes), err.Suberror, err.Code) {
		if hint, ok := c.Hints[key]; ok {
			return title, c.fill(hint)
		}
	}
	return title, remedy
}

func (c Case) fill(remedy string) string {
	return strings.NewReplacer("{connection}", c.Connection, "{client}", c.Client, "{redirect_uri}", c.RedirectURI).Replace(remedy)
}

func (c Case) byCode(err *oauth.Error) (title, remedy string, ok bool) {
	switch {
	case err.Code == CodeNoRefreshToken:
		return "the access token expired, and there is no refresh token to renew it with",
			c.Advice + ": valetkey connect " + c.Connection, true
	case err.Code == CodeOutcomeUnknown:
		return "an answer of the provider was lost while the token was renewed, and the refresh token went with it",
			"valetkey connect " + c.Connection, true
	case err.Code == oauth.CodeTLSFailure && strings.Contains(err.Description, "remote error"):
		title, remedy := c.refusedClient(oauth.AuthTLS) // only a certificate is refused there
		return title, remedy, true
	case err.ClientWide():
		title, remedy := c.refusedClient(oauth.AuthMethod(err.Evidence[AuthMethod]))
		return title, remedy, true
	case err.Code == "invalid_grant" && err.Grant == oauth.GrantAuthorizationCode:
		return "the provider did not accept the authorization code", "valetkey connect " + c.Connection, true
	case err.Code == "invalid_grant" && err.Grant == oauth.GrantJWTBearer:
		return "the provider did not accept the signed assertion",
			"compare the key of " + c.Client + ", the subject and this machine's clock with the service account", true
	case err.Code == "redirect_uri_mismatch":
		return "the redirect URI is not registered at the provider", "register exactly " + c.RedirectURI, true
	case err.Code == "invalid_scope":
		return "the provider does not know a scope, or does not grant it to this client",
			"correct the scopes: valetkey connect " + c.Connection + " --scope SCOPE; or allow them in the registration of " + c.Client, true
	case err.Code == "access_denied":
		return "access was denied at the provider", "valetkey connect " + c.Connection + ", and allow it there", true
	}
	return "", "", false
}

// refusedClient is about what the client showed.
func (c Case) refusedClient(method oauth.AuthMethod) (title, remedy string) {
	title, remedy = "the provider refuses the client "+c.Client+": its id or ", "valetkey client update "+c.Client
	switch method {
	case oauth.AuthTLS, oauth.AuthSelfSignedTLS:
		return title + "certificate is not accepted",
			"compare the certificate with the one registered at the provider, and its end with valetkey client show " + c.Client + "; " +
				remedy + " --private-key-file FILE sets key and certificate, --certificate-path FILE the certificate alone"
	case oauth.AuthPrivateKeyJWT:
		return title + "signed assertion is not accepted",
			"compare the key, its kid and this machine's clock with what is registered at the provider; " + remedy + " --private-key-file FILE sets another key"
	case oauth.AuthNone:
		return title + "that it shows no secret is not accepted", remedy + " --client-secret-file FILE, if the provider gave it a secret; else compare its id with the provider's"
	default:
		return title + "secret is not accepted", remedy + " --client-secret-file FILE; copy the secret's value, not its id"
	}
}

func (c Case) byAction(err *oauth.Error) (title, remedy string) {
	switch err.Action {
	case oauth.ActionReauthorize:
		return "the grant has ended: it expired, was revoked, or was used twice", "valetkey connect " + c.Connection
	case oauth.ActionAdmin:
		return "an administrator at the provider must allow this", "show the administrator the detail of: valetkey show " + c.Connection
	case oauth.ActionUnknownOutcome:
		return "the provider was asked for a new token and did not answer", "nothing to do yet: it is tried again; see valetkey show " + c.Connection
	case oauth.ActionRetry, oauth.ActionRefresh:
		return "the provider cannot give a token just now", "nothing to do yet: it is tried again"
	default:
		return "the token request was not accepted", "compare the settings with the provider's documentation: valetkey client show " + c.Client
	}
}

//go:embed entra.tsv
var entraTable string

// entra looks a number up. The table is read each time: a refusal is rare, and
// reading it takes microseconds.
func entra(number string) (title, remedy string, ok bool) {
	for line := range strings.Lines(entraTable) {
		numbers, words, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !found || strings.HasPrefix(line, "#") || !strings.Contains(" "+numbers+" ", " "+number+" ") {
			continue
		}
		title, remedy, _ = strings.Cut(words, "\t")
		return title, remedy, true
	}
	return "", "", false
}
