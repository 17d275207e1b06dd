package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

const (
	openIDPatience = 20 * time.Second // for the whole way back
	openIDMinutes  = 10               // that a sign-in may take
	openIDCookie   = "valetkey_openid"
	clockLeeway    = time.Minute
)

// Doer sends a request. It must not follow redirects.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// OpenID is a provider that says who somebody is (OpenID Connect Core). All
// but Secret is required.
type OpenID struct {
	Issuer   string
	ClientID string
	Secret   secret.Text
	Allowed  []string // subjects, verified e-mail addresses, or their domains as @example.com
	HTTP     Doer
	Now      func() time.Time
}

func (o *OpenID) host() string {
	if o == nil {
		return ""
	}
	if u, err := url.Parse(o.Issuer); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return o.Issuer
}

// attempt is a sign-in in progress. It is kept in the browser that began it,
// in a cookie that no script reads.
type attempt struct{ state, nonce, verifier, next string }

func (a attempt) String() string {
	return url.Values{"s": {a.state}, "n": {a.nonce}, "v": {a.verifier}, "to": {a.next}}.Encode()
}

func readAttempt(r *http.Request) (attempt, bool) {
	cookie, err := r.Cookie(openIDCookie)
	if err != nil {
		return attempt{}, false
	}
	v, err := url.ParseQuery(cookie.Value)
	a := attempt{v.Get("s"), v.Get("n"), v.Get("v"), v.Get("to")}
	return a, err == nil && a.state != "" && a.nonce != "" && a.verifier != ""
}

func (d *Desk) redirectURI() string {
	return strings.TrimRight(d.PublicURL, "/") + "/sign-in/openid/callback"
}

// openID sends the browser to the provider. It is a link, not a form: the
// security policy lets a form lead to this server only, redirects included.
func (d *Desk) openID(w http.ResponseWriter, r *http.Request) {
	form := signInForm{Next: r.URL.Query().Get("next")}
	if d.OpenID == nil {
		d.notSignedIn(w, r, form, fault.New(api.CodeNotFound, "no OpenID provider is set up here").WithHint("set VALETKEY_OIDC_ISSUER"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), openIDPatience)
	defer cancel()
	metadata, err := d.OpenID.metadata(ctx)
	if err != nil {
		d.notSignedIn(w, r, form, err)
		return
	}
	a := attempt{state: rand.Text(), nonce: rand.Text(), verifier: rand.Text() + rand.Text(), next: local(form.Next)}
	to, err := oauth.AuthorizationRequest{
		ClientID: d.OpenID.ClientID, RedirectURI: d.redirectURI(), State: a.state, Nonce: a.nonce,
		Scopes: []string{"openid", "email", "profile"}, CodeChallenge: oauth.S256Challenge(a.verifier), CodeChallengeMethod: oauth.MethodS256,
	}.URL(metadata.Server.AuthorizationEndpoint)
	if err != nil {
		d.notSignedIn(w, r, form, d.OpenID.unusable(err))
		return
	}
	http.SetCookie(w, d.cookie(openIDCookie, a.String(), openIDMinutes*60))
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// openIDCallback takes the provider's answer.
func (d *Desk) openIDCallback(w http.ResponseWriter, r *http.Request) {
	a, begun := readAttempt(r)
	http.SetCookie(w, d.cookie(openIDCookie, "", -1))
	form := signInForm{Next: a.next}
	if d.OpenID == nil || !begun {
		d.notSignedIn(w, r, form, fault.New(api.CodeForbidden, "this sign-in was begun in another browser, or too long ago").WithHint("begin again here"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), openIDPatience)
	defer cancel()
	who, err := d.OpenID.identify(ctx, r.URL.Query(), a, d.redirectURI())
	if err != nil {
		d.notSignedIn(w, r, form, err)
		return
	}
	token, s, err := d.Operators.Begin(r.Context(), "openid:"+who, addressOf(r))
	if err != nil {
		d.notSignedIn(w, r, form, err)
		return
	}
	d.admit(w, s, token, a.next)
}

// identify redeems the code and says whose it is, by the name to show.
func (o *OpenID) identify(ctx context.Context, params url.Values, a attempt, redirectURI string) (string, error) {
	response, err := oauth.ParseAuthorizationResponse(params)
	if err != nil {
		return "", o.refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(response.State), []byte(a.state)) != 1 {
		return "", fault.New(api.CodeForbidden, "this answer belongs to another sign-in").WithHint("begin again here")
	}
	metadata, err := o.metadata(ctx)
	if err != nil {
		return "", err
	}
	if err := response.Verify(a.state, metadata.Server); err != nil {
		return "", o.refused(err)
	}
	if err := response.Failure(); err != nil {
		return "", o.refused(err)
	}
	request := oauth.TokenRequest{
		Endpoint: metadata.Server.TokenEndpoint, Grant: oauth.GrantAuthorizationCode,
		Auth:   oauth.ClientAuth{ClientID: o.ClientID, ClientSecret: o.Secret.Reveal(), Method: o.method(metadata.Server)},
		Params: oauth.CodeParams(response.Code, redirectURI, a.verifier),
	}
	message, err := request.HTTP(ctx)
	if err != nil {
		return "", o.unusable(err)
	}
	answer, err := o.HTTP.Do(message)
	if err != nil {
		return "", o.away(err)
	}
	defer answer.Body.Close()
	token, err := request.Judge(answer, o.Now(), oauth.ResponseRules{})
	if err != nil {
		return "", o.refused(err)
	}
	keys, err := o.keys(ctx, metadata)
	if err != nil {
		return "", err
	}
	claims, err := idtoken.Verifier{
		Issuer: o.Issuer, ClientID: o.ClientID, Algs: metadata.Algs, Keys: keys,
		Nonce: a.nonce, AccessToken: token.AccessToken, Now: o.Now(), Leeway: clockLeeway,
	}.Verify(token.IDToken)
	if err != nil {
		return "", o.refused(err)
	}
	account := claims.Account()
	if !o.allows(account) {
		return "", fault.New(api.CodeForbidden, "%s may not sign in here", account.Label()).
			WithHint("add the subject %s, or a verified e-mail address or its domain, to VALETKEY_OIDC_ALLOWED", account.Subject)
	}
	return account.Label(), nil
}

// allows says whether an account is listed. An address counts when the
// provider says that it verified it.
func (o *OpenID) allows(account idtoken.Account) bool {
	return slices.ContainsFunc(o.Allowed, func(allowed string) bool {
		domain, isDomain := strings.CutPrefix(allowed, "@")
		_, of, _ := strings.Cut(account.Email, "@")
		switch {
		case isDomain:
			return account.EmailVerified && strings.EqualFold(of, domain)
		case strings.Contains(allowed, "@"):
			return account.EmailVerified && strings.EqualFold(account.Email, allowed)
		}
		return allowed != "" && allowed == account.Subject
	})
}

// method is how the client authenticates: as the provider says it can be done.
func (o *OpenID) method(server oauth.Server) oauth.AuthMethod {
	switch {
	case o.Secret.IsZero():
		return oauth.AuthNone
	case slices.Contains(server.AuthMethods, oauth.AuthPost) && !slices.Contains(server.AuthMethods, oauth.AuthBasic):
		return oauth.AuthPost
	}
	return oauth.AuthBasic
}

func (o *OpenID) metadata(ctx context.Context) (idtoken.Metadata, error) {
	request, err := oauth.MetadataRequest(ctx, strings.TrimRight(o.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return idtoken.Metadata{}, o.unusable(err)
	}
	response, err := o.HTTP.Do(request)
	if err != nil {
		return idtoken.Metadata{}, o.away(err)
	}
	defer response.Body.Close()
	metadata, err := idtoken.ReadMetadata(response, o.Issuer, o.Now())
	if err != nil {
		return metadata, o.unusable(err)
	}
	return metadata, nil
}

func (o *OpenID) keys(ctx context.Context, metadata idtoken.Metadata) (idtoken.KeySet, error) {
	request, err := idtoken.KeySetRequest(ctx, metadata.JWKSURI)
	if err != nil {
		return idtoken.KeySet{}, o.unusable(err)
	}
	response, err := o.HTTP.Do(request)
	if err != nil {
		return idtoken.KeySet{}, o.away(err)
	}
	defer response.Body.Close()
	keys, err := idtoken.ReadKeySet(response, o.Now())
	if err != nil {
		return keys, o.unusable(err)
	}
	return keys, nil
}

func (o *OpenID) away(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known // the dialer's own words say most
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", o.host()).WithHint("try again")
}

func (o *OpenID) unusable(err error) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "the OpenID provider %s cannot be used: %s", o.Issuer, oauth.Words(err)).
		WithHint("check VALETKEY_OIDC_ISSUER and VALETKEY_OIDC_CLIENT_ID")
}

func (o *OpenID) refused(err error) error {
	return fault.Wrap(err, api.CodeForbidden, "%s did not sign you in: %s", o.host(), oauth.Words(err)).WithHint("try again")
}
