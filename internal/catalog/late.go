package catalog

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/signature"
)

// The values that a request's templates may use besides the variables: they
// are known only when it is made.
const (
	InClientID     = "client_id"
	InClientSecret = "client_secret"
	InRedirectURI  = "redirect_uri"
	InAccessToken  = "access_token"
	InRefreshToken = "refresh_token"
	InCode         = "code"
	InTimestamp    = "timestamp"    // seconds since 1970
	InMilliseconds = "timestamp_ms" // milliseconds since 1970
)

// Instant are the values of the moment in which a request is made.
func Instant(now time.Time) map[string]string {
	return map[string]string{
		InTimestamp:    strconv.FormatInt(now.Unix(), 10),
		InMilliseconds: strconv.FormatInt(now.UnixMilli(), 10),
	}
}

// The requests of a description under their keys.
const (
	LegAuthorization = "authorization_request"
	LegToken         = "token_request"
	LegRefresh       = "refresh_request"
	LegRevocation    = "revocation_request"
	LegExchange      = "exchange"
)

// builtIn lists what the templates of a request may use besides variables. A
// secret never stands in the authorization request: the browser carries that.
func builtIn(leg string) []string {
	base, _, _ := strings.Cut(leg, ".")
	always := []string{InClientID, InRedirectURI, InTimestamp, InMilliseconds}
	switch base {
	case LegAuthorization:
		return always
	case authenticationKey:
		return append(always, InClientSecret)
	case LegToken:
		return append(always, InClientSecret, InCode)
	case LegRefresh, LegRevocation, LegExchange:
		return append(always, InClientSecret, InAccessToken, InRefreshToken)
	default:
		return nil
	}
}

// authenticationKey is where a client authentication of the provider's own stands.
const authenticationKey = "token_endpoint_auth"

func isBuiltIn(name string) bool {
	return name == InCode || slices.Contains(builtIn(LegRefresh), name)
}

// waits says whether a template needs a value that is not there yet: one that
// only the request knows, or one that the provider has yet to tell.
func (r Resolved) waits(template string) bool {
	return slices.ContainsFunc(Variables(template), func(name string) bool {
		_, known := r.Variables[name]
		return !known && (isBuiltIn(name) || Outside(r.Provider.Variables[name]))
	})
}

// expandRules fills in the deviations of a request. What waits is put aside
// for [Resolved.Rules].
func (r Resolved) expandRules(l leg) error {
	later := oauth.RequestRules{Params: map[string]string{}, Headers: map[string]string{}, Repeat: map[string][]string{}}
	for _, set := range []struct{ now, later map[string]string }{{l.rules.Params, later.Params}, {l.rules.Headers, later.Headers}} {
		for name, template := range set.now {
			if r.waits(template) {
				set.later[name] = template
				delete(set.now, name)
			}
		}
	}
	for name, templates := range l.rules.Repeat {
		if slices.ContainsFunc(templates, r.waits) {
			later.Repeat[name] = templates
			delete(l.rules.Repeat, name)
		}
	}
	if r.waits(l.rules.URL) {
		later.URL, l.rules.URL = l.rules.URL, ""
	}
	r.later[l.key] = later
	return fillRules(l.rules, *l.rules, r.Variables)
}

// Rules completes the rules of a request with what had to wait for it, such as
// the client's secret or the token that is renewed.
func (r Resolved) Rules(key string, rules oauth.RequestRules, known map[string]string) (oauth.RequestRules, error) {
	values := maps.Clone(r.Variables)
	maps.Copy(values, known)
	rules.Params, rules.Headers, rules.Repeat = copied(rules.Params), copied(rules.Headers), copied(rules.Repeat)
	if key == LegRefresh {
		// It inherits the token request's headers.
		if err := fillTexts(rules.Headers, r.later[LegToken].Headers, values); err != nil {
			return rules, err
		}
	}
	later := r.later[key]
	if err := fillRules(&rules, later, values); err != nil {
		return rules, err
	}
	var err error
	rules.Sign, err = filledSignatures(rules.Sign, values)
	return rules, err
}

// filledSignatures expands the templates of signatures: most of them hold what
// only the request knows.
func filledSignatures(rules []signature.Rule, values map[string]string) ([]signature.Rule, error) {
	filled := make([]signature.Rule, len(rules))
	for i, rule := range rules {
		var err error
		if rule.Key == "" && rule.NeedsKey() {
			rule.Key = signature.DefaultKey
		}
		if rule.Key, err = ExpandText(rule.Key, values); err != nil {
			return nil, err
		}
		of := make([]string, len(rule.Of))
		for n, template := range rule.Of {
			if of[n], err = ExpandText(template, values); err != nil {
				return nil, err
			}
		}
		rule.Of = of
		filled[i] = rule
	}
	return filled, nil
}

func copied[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	maps.Copy(c, m)
	return c
}

// fillRules expands the templates of from into to.
func fillRules(to *oauth.RequestRules, from oauth.RequestRules, values map[string]string) error {
	if err := fillTexts(to.Params, from.Params, values); err != nil {
		return err
	}
	if err := fillTexts(to.Headers, from.Headers, values); err != nil {
		return err
	}
	for name, templates := range from.Repeat {
		filled := make([]string, len(templates))
		for i, template := range templates {
			text, err := ExpandText(template, values)
			if err != nil {
				return err
			}
			filled[i] = text
		}
		to.Repeat[name] = filled
	}
	if from.URL == "" {
		return nil
	}
	expanded, err := Expand(from.URL, values)
	to.URL = expanded
	return err
}

func fillTexts(to, from, values map[string]string) error {
	for name, template := range from {
		text, err := ExpandText(template, values)
		if err != nil {
			return err
		}
		to[name] = text
	}
	return nil
}

// Step is the key of one step of the exchange.
func Step(i int) string { return LegExchange + "." + strconv.Itoa(i) }

// Authentication fills in the client authentication of the provider's own;
// "" when it has none. The result is a secret.
func (r Resolved) Authentication(known map[string]string) (string, error) {
	own := r.Provider.TokenEndpointAuth
	if own == nil {
		return "", nil
	}
	values := maps.Clone(r.Variables)
	maps.Copy(values, known)
	username, err := ExpandText(own.Username, values)
	if err != nil {
		return "", err
	}
	password, err := ExpandText(own.Password, values)
	if err != nil {
		return "", err
	}
	if own.Scheme == "" || strings.EqualFold(own.Scheme, "Basic") {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password)), nil
	}
	return own.Scheme + " " + username, nil
}

// Unguarded lists the variables that the provider tells, that a template lets
// choose a host, and that nothing holds to the hosts they may name.
func Unguarded(template string, declared map[string]api.Variable) []string {
	if at := reference.FindStringIndex(template); at != nil && at[0] == 0 {
		// Whatever else stands before the first slash is still the host.
		template = "https://" + template
	}
	var found []string
	for _, m := range reference.FindAllStringSubmatchIndex(template, -1) {
		name := baseName(template[m[2]:m[3]])
		v := declared[name]
		guarded := v.MustMatch != "" || len(v.Enum) > 0 || len(v.Options) > 0
		if Outside(v) && !guarded && partOf(template, template[:m[0]], m[0]) == inHost {
			found = append(found, name)
		}
	}
	return found
}
