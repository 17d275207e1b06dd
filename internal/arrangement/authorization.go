package arrangement

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/pushed"
)

// Ask is what one authorization request says besides what the arrangement does.
type Ask struct {
	State     string
	Verifier  string // of PKCE; nonce and browser binding derive from it too
	Prompt    string
	LoginHint string
	StepUp    api.StepUp
}

// Location is where a browser goes to authorize.
type Location struct {
	URL       string
	ExpiresAt time.Time // of a pushed request; zero: it does not expire
}

// Nonce ties an ID token to its authorization request (OpenID Connect Core
// section 15.5.2): derived from the verifier, so that nothing more is kept.
func Nonce(verifier string) string {
	mac := hmac.New(sha256.New, []byte(verifier))
	mac.Write([]byte("valetkey nonce"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// AsksForIDToken reports whether a nonce is sent and must come back.
func (a Arrangement) AsksForIDToken() bool { return slices.Contains(a.Scopes(), "openid") }

// AuthorizationURL builds the request of RFC 6749 section 4.1.1, signed
// (RFC 9101) or pushed ahead (RFC 9126) where the server or the description
// wants that.
func (d *Desk) AuthorizationURL(ctx context.Context, a Arrangement, server oauth.Server, ask Ask) (Location, error) {
	if a.Provider.Provider.RequireAdvertisedPKCE && !server.SupportsS256() {
		return Location{}, fault.New(api.CodeNeedsConfiguration, "the metadata of %s does not say that PKCE with S256 is supported", server.Issuer).
			WithHint("if the server supports it all the same, take require_advertised_pkce out of the description of provider %s", a.Provider.Provider.Name)
	}
	request, err := d.authorizationRequest(a, ask)
	if err != nil {
		return Location{}, err
	}
	if err := d.bindCode(ctx, a, server, &request); err != nil {
		return Location{}, err
	}
	rules := a.Provider.Provider.AuthorizationRules
	sign := rules.RequireSignedRequestObject || server.RequireSignedRequestObject
	push := rules.RequirePushedAuthorizationRequests || server.RequirePushedAuthorizationRequests
	if !sign && !push {
		location, err := request.URL(server.AuthorizationEndpoint)
		return Location{URL: location}, unbuildable(err)
	}
	params, err := request.Params()
	if err != nil {
		return Location{}, unbuildable(err)
	}
	if sign {
		if params, err = d.signRequest(a, server, params); err != nil {
			return Location{}, err
		}
	}
	if !push {
		location, err := withQuery(server.AuthorizationEndpoint, params)
		return Location{URL: location}, unbuildable(err)
	}
	return d.pushRequest(ctx, a, server, params)
}

func unbuildable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, api.CodeNeedsConfiguration, "no authorization URL can be made: %s", oauth.Words(err))
}

func (d *Desk) authorizationRequest(a Arrangement, ask Ask) (oauth.AuthorizationRequest, error) {
	provider := a.Provider.Provider
	challenge, method, err := oauth.CodeChallenge(provider.CodeChallengeMethod, ask.Verifier)
	if err != nil {
		return oauth.AuthorizationRequest{}, fault.Wrap(err, api.CodeNeedsConfiguration, "%s", oauth.Words(err))
	}
	rules, err := d.LegRules(a, catalog.LegAuthorization, oauth.ClientAuth{}, "")
	if err != nil {
		return oauth.AuthorizationRequest{}, err
	}
	if fixed := rules.Params["prompt"]; fixed != "" && ask.Prompt != "" {
		rules.Params = maps.Clone(rules.Params)
		rules.Params["prompt"] = bothPrompts(fixed, ask.Prompt)
	}
	extra, err := a.extras(ask.StepUp)
	if err != nil {
		return oauth.AuthorizationRequest{}, err
	}
	request := oauth.AuthorizationRequest{
		ClientID:            a.Client.ClientID,
		RedirectURI:         d.RedirectURI,
		State:               ask.State,
		Scopes:              union(a.Scopes(), ask.StepUp.Scopes),
		ScopeSeparator:      a.Separator(),
		CodeChallenge:       challenge,
		CodeChallengeMethod: method,
		Prompt:              ask.Prompt,
		LoginHint:           ask.LoginHint,
		ResponseType:        provider.ResponseType,
		Resource:            a.Resources(),
		Extra:               extra,
		Rules:               rules,
	}
	if a.Grant == GrantImplicit { // nothing is redeemed, so there is nothing to prove
		request.ResponseType = cmp.Or(provider.ResponseType, "token")
		request.CodeChallenge, request.CodeChallengeMethod = "", ""
	}
	if a.AsksForIDToken() {
		request.Nonce = Nonce(ask.Verifier)
	}
	return request, nil
}

// Asked is what a request that a person answers asks for, besides what only a
// browser needs: the scopes, and the parameters of extensions.
func (a Arrangement) Asked(step api.StepUp) (scopes []string, extra url.Values, err error) {
	extra, err = a.extras(step)
	extra.Del("response_mode")
	return union(a.Scopes(), step.Scopes), extra, err
}

// bothPrompts is what the description always asks of a person, with what this
// authorization asks besides (OpenID Connect Core section 3.1.2.1: a list). none
// goes with nothing else: then what was asked for this once counts.
func bothPrompts(fixed, asked string) string {
	words := strings.Fields(fixed)
	if asked == "none" || slices.Contains(words, "none") {
		return asked
	}
	return strings.Join(union(words, strings.Fields(asked)), " ")
}

// extras are the parameters of extensions.
func (a Arrangement) extras(step api.StepUp) (url.Values, error) {
	extra := url.Values{}
	spec := a.Connection.Spec
	if len(spec.AuthorizationDetails) > 0 { // RFC 9396 section 2
		details, err := json.Marshal(spec.AuthorizationDetails)
		if err != nil {
			return nil, err
		}
		extra.Set("authorization_details", string(details))
	}
	claims := step.Claims
	if claims == "" && len(spec.Claims) > 0 {
		text, err := json.Marshal(spec.Claims)
		if err != nil {
			return nil, err
		}
		claims = string(text)
	}
	for name, value := range map[string]string{
		"claims":        claims,
		"acr_values":    step.ACRValues,
		"response_mode": a.Provider.Provider.ResponseMode,
	} {
		if value != "" {
			extra.Set(name, value)
		}
	}
	if step.MaxAge != nil {
		extra.Set("max_age", strconv.Itoa(*step.MaxAge))
	}
	return extra, nil
}

// Resources are named in authorization and token requests (RFC 8707).
func (a Arrangement) Resources() []string {
	switch mode := a.Provider.Provider.ResourceMode; {
	case mode == api.ResourceOmit:
		return nil
	case len(a.Connection.Spec.Resources) > 0 || mode != api.ResourceSend:
		return a.Connection.Spec.Resources
	}
	found, err := target.BaseURL(a.Connection.Name, a.Settings(), a.Provider.Variables)
	if err != nil || found == nil {
		return nil
	}
	base := *found
	base.Fragment, base.RawQuery = "", ""
	return []string{base.String()}
}

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, scope := range b {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}

// signRequest puts the parameters into a request object; client_id stands
// outside too, and is the same (RFC 9101 section 5).
func (d *Desk) signRequest(a Arrangement, server oauth.Server, params url.Values) (url.Values, error) {
	credential, err := d.OpenCredential(a.Client)
	if err != nil {
		return nil, err
	}
	object, err := d.authCase(a, server).RequestObject(credential, params)
	if err != nil {
		return nil, err
	}
	outside := url.Values{"client_id": {a.Client.ClientID}, "request": {object}}
	for _, name := range []string{"response_type", "scope"} { // OpenID Connect Core section 6.1
		if values, ok := params[name]; ok {
			outside[name] = values
		}
	}
	return outside, nil
}

// pushRequest sends the parameters ahead of the browser.
func (d *Desk) pushRequest(ctx context.Context, a Arrangement, server oauth.Server, params url.Values) (Location, error) {
	if server.PushedAuthorizationRequestEndpoint == "" {
		return Location{}, fault.New(api.CodeNeedsConfiguration, "the provider %q wants pushed authorization requests and names no endpoint for them", a.Provider.Provider.Name).
			WithHint("set pushed_authorization_request_endpoint in its description")
	}
	ctx, cancel := context.WithTimeout(ctx, TokenTimeout)
	defer cancel()
	var reference pushed.Reference
	err := d.Authenticated(ctx, a, server, func(session Session) error {
		request := pushed.Request{Endpoint: server.PushedAuthorizationRequestEndpoint, Auth: session.Auth, Params: params}
		message, err := request.HTTP(ctx)
		if err != nil {
			return unbuildable(err)
		}
		response, err := session.HTTP.Do(message)
		if err != nil {
			return Unreachable(err, "the provider "+a.Provider.Provider.Name)
		}
		defer response.Body.Close()
		reference, err = request.Judge(response, d.Now())
		return err
	})
	if err != nil {
		return Location{}, err
	}
	location, err := pushed.URL(server.AuthorizationEndpoint, a.Client.ClientID, reference)
	return Location{URL: location, ExpiresAt: reference.ExpiresAt}, unbuildable(err)
}

func withQuery(endpoint string, params url.Values) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	query := u.Query()
	for name, values := range params {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
