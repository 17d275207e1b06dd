package arrangement

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// unbuildableGrant keeps a fault as it is and puts an error of the protocol into
// words.
func unbuildableGrant(err error) error {
	var found *fault.Error
	if errors.As(err, &found) {
		return err
	}
	return fault.Wrap(err, api.CodeNeedsConfiguration, "no token can be asked for: %s", oauth.Words(err))
}

// bearerParams is a JWT as a grant (RFC 7523 section 2.1): the client's own, or
// one that somebody else signed.
func (d *Desk) bearerParams(ctx context.Context, a Arrangement, server oauth.Server, given api.GrantInput) (url.Values, error) {
	if given.Assertion == "" && a.Connection.Spec.Assertion == nil {
		credential, err := d.OpenCredential(a.Client)
		if err != nil {
			return nil, err
		}
		return d.authCase(a, server).BearerParams(credential, a.Scopes(), a.Separator())
	}
	jwt, err := d.supplied(ctx, a, given.Assertion, a.Connection.Spec.Assertion, "assertion")
	if err != nil {
		return nil, err
	}
	return assertion.BearerParams(jwt, a.Scopes(), a.Separator())
}

// samlParams is a SAML assertion as a grant (RFC 7522 section 2.1).
func (d *Desk) samlParams(ctx context.Context, a Arrangement, given api.GrantInput) (url.Values, error) {
	text, err := d.supplied(ctx, a, given.Assertion, a.Connection.Spec.Assertion, "assertion")
	if err != nil {
		return nil, err
	}
	return assertion.SAMLBearerParams(text, a.Scopes(), a.Separator())
}

// exchangeParams asks for a token in place of another (RFC 8693 section 2.1).
func (d *Desk) exchangeParams(ctx context.Context, a Arrangement, given api.GrantInput) (url.Values, error) {
	spec := a.Connection.Spec
	subject, err := d.supplied(ctx, a, given.SubjectToken, spec.Subject, "subject")
	if err != nil {
		return nil, err
	}
	exchange := assertion.Exchange{
		SubjectToken:     subject,
		SubjectTokenType: tokenType(spec.Subject),
		Audiences:        spec.Audience,
		Scopes:           a.Scopes(),
		Separator:        a.Separator(),
		Resources:        a.Resources(),
	}
	if spec.RequestedTokenType != "" {
		exchange.RequestedTokenType = tokenType(&api.TokenSource{Type: spec.RequestedTokenType})
	}
	if spec.Actor != nil {
		if exchange.ActorToken, err = d.supplied(ctx, a, "", spec.Actor, "actor"); err != nil {
			return nil, err
		}
		exchange.ActorTokenType = tokenType(spec.Actor)
	}
	return exchange.Params()
}

// behalfParams trades a user's token for one of the next API.
func (d *Desk) behalfParams(ctx context.Context, a Arrangement, given api.GrantInput) (url.Values, error) {
	user, err := d.supplied(ctx, a, given.SubjectToken, a.Connection.Spec.Subject, "subject")
	if err != nil {
		return nil, err
	}
	return assertion.OnBehalfOfParams(user, a.Scopes(), a.Separator())
}

// tokenType is a token type by its short name, or the URI that it is
// (RFC 8693 section 3).
func tokenType(source *api.TokenSource) string {
	const registered = "urn:ietf:params:oauth:token-type:"
	switch {
	case source == nil || source.Type == "":
		return assertion.TypeAccessToken
	case strings.Contains(source.Type, ":"):
		return source.Type
	default:
		return registered + source.Type
	}
}

// supplied is what was given with the request, or else what its source holds
// now. key names the source in settings.
func (d *Desk) supplied(ctx context.Context, a Arrangement, given api.Secret, source *api.TokenSource, key string) (string, error) {
	switch {
	case given != "":
		return strings.TrimSpace(string(given)), nil
	case source == nil:
		return "", fault.New(api.CodeInvalid, "the grant %s of connection %q needs its %s, and none was given", a.Grant, a.Connection.Name, key).
			WithHint("give it with the request, or set %s of the connection to where it comes from", key)
	case source.Connection != "":
		return d.tokenOf(ctx, a, source.Connection)
	case source.File != "":
		return d.fromFile(source.File, key)
	default:
		return d.fromCommand(ctx, source.Command, key)
	}
}

// tokenOf is the access token of another connection, good for now.
func (d *Desk) tokenOf(ctx context.Context, a Arrangement, connection string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, TokenTimeout)
	defer cancel()
	token, err := d.TokenOf(ctx, connection)
	if err != nil {
		found := fault.As(err)
		return "", fault.Wrap(err, found.Code, "connection %q is in need of connection %q: %s", a.Connection.Name, connection, found.Message).WithHint("%s", found.Hint)
	}
	return token.Reveal(), nil
}

func (d *Desk) fromFile(path, key string) (string, error) {
	text, err := d.Outside.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the file %s, which %s.file names, cannot be read", path, key).
			WithHint("check the path and its permissions on the server's machine; it is read at each use")
	}
	// Nothing else may leave this machine: the path is a setting.
	if text = bytes.TrimSpace(text); !signed(text) {
		return "", fault.New(api.CodeNeedsConfiguration, "the file %s, which %s.file names, holds neither a JWT nor a SAML assertion", path, key).
			WithHint("a token of another kind comes from a command or a connection")
	}
	return string(text), nil
}

func (d *Desk) fromCommand(ctx context.Context, command []string, key string) (string, error) {
	if d.Outside.Run == nil || len(command) == 0 {
		return "", fault.New(api.CodeForbidden, "%s.command may not be run on this server", key).
			WithHint("the operator allows a program with valetkey serve --allow-command PATH, or VALETKEY_ALLOW_COMMAND")
	}
	text, err := d.Outside.Run(ctx, command)
	return string(bytes.TrimSpace(text)), err
}

// signed reports whether a text is one JWT (RFC 7515 section 3.1) or one SAML
// assertion, as XML or in base64.
func signed(text []byte) bool {
	xml := bytes.HasPrefix(text, []byte("<"))
	if head, _, ok := bytes.Cut(text, []byte(".")); ok && !xml {
		decoded, err := base64.RawURLEncoding.DecodeString(string(head))
		return err == nil && bytes.HasPrefix(decoded, []byte("{")) && bytes.Contains(decoded, []byte(`"alg"`))
	}
	if !xml {
		plain := strings.NewReplacer("\r", "", "\n", "", "+", "-", "/", "_", "=", "").Replace(string(text))
		decoded, err := base64.RawURLEncoding.DecodeString(plain)
		if err != nil {
			return false
		}
		text = decoded
	}
	return bytes.Contains(text[:min(len(text), 2048)], []byte("urn:oasis:names:tc:SAML:2.0:assertion"))
}

// CheckGrant holds the settings of a grant to what it knows. The error has
// [api.CodeInvalid], or [api.CodeForbidden] where the operator's leave is missing.
func (d *Desk) CheckGrant(grant oauth.GrantType, name string, settings api.GrantSettings) error {
	if err := d.Leave(grant); err != nil {
		return err
	}
	belongs := map[string][]oauth.GrantType{
		"assertion":            {GrantSAML2Bearer, GrantJWTBearer},
		"subject":              {GrantTokenExchange, GrantOnBehalfOf},
		"actor":                {GrantTokenExchange},
		"requested_token_type": {GrantTokenExchange},
		"audience":             {GrantTokenExchange},
	}
	for _, one := range []struct {
		key    string
		set    bool
		source *api.TokenSource
	}{
		{"assertion", settings.Assertion != nil, settings.Assertion},
		{"subject", settings.Subject != nil, settings.Subject},
		{"actor", settings.Actor != nil, settings.Actor},
		{"requested_token_type", settings.RequestedTokenType != "", nil},
		{"audience", len(settings.Audience) > 0, nil},
	} {
		if one.set && !slices.Contains(belongs[one.key], grant) {
			return fault.New(api.CodeInvalid, "%s of connection %q has no meaning with the grant %s", one.key, name, grant).
				WithHint("it goes with the grant %s", belongs[one.key][0])
		}
		if err := checkSource(one.source, one.key, name); err != nil {
			return err
		}
	}
	for param := range settings.GrantParams {
		if reserved(param) {
			return fault.New(api.CodeInvalid, "grant_params of connection %q may not set %s", name, param).
				WithHint("credentials belong to the client, and the grant's own parameters are made from the settings")
		}
	}
	if settings.TokenFile == "" {
		return nil
	}
	return d.TokenFiles.MayWrite(settings.TokenFile)
}

func checkSource(s *api.TokenSource, key, name string) error {
	if s == nil {
		return nil
	}
	ways := 0
	for _, set := range []bool{s.Connection != "", s.File != "", len(s.Command) > 0} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fault.New(api.CodeInvalid, "%s of connection %q comes from one place", key, name).
			WithHint("give one of connection, file and command")
	case s.Connection == name:
		return fault.New(api.CodeInvalid, "%s of connection %q is that connection itself", key, name).WithHint("name another connection")
	}
	return nil
}

func reserved(param string) bool {
	switch param {
	case "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type",
		"assertion", "subject_token", "actor_token", "refresh_token", "code", "username", "password", "scope":
		return true
	}
	return param == ""
}

// errCircle is two connections that wait for each other's token.
var errCircle = errors.New("in a circle")

// CheckSources follows the connections that a connection takes its tokens
// from: they end somewhere.
func (d *Desk) CheckSources(ctx context.Context, name string, settings api.GrantSettings) error {
	seen := map[string]bool{name: true}
	queue := connectionsOf(settings)
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] {
			return fault.Wrap(errCircle, api.CodeInvalid, "connection %q would wait for its own token, by way of %q", name, next).
				WithHint("let subject or actor come from elsewhere")
		}
		seen[next] = true
		c, err := d.Store.Connection(ctx, next)
		if errors.Is(err, ledger.ErrNotFound) {
			continue // it may come with the next write; until then its absence is told at each use
		}
		if err != nil {
			return err
		}
		queue = append(queue, connectionsOf(c.Spec.GrantSettings)...)
	}
	return nil
}

func connectionsOf(settings api.GrantSettings) []string {
	var names []string
	for _, source := range []*api.TokenSource{settings.Assertion, settings.Subject, settings.Actor} {
		if source != nil && source.Connection != "" {
			names = append(names, source.Connection)
		}
	}
	return names
}
