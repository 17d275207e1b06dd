package idtoken

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	strict "github.com/go-jose/go-jose/v4/json"
)

// Claims is what an ID token or the userinfo endpoint says. The fields are
// those the rules speak of; Text gives any other. It prints issuer and subject
// only: the rest is about a person.
type Claims struct {
	Issuer          string
	Subject         string
	Audience        []string
	AuthorizedParty string    // azp
	Expiry          time.Time // exp
	IssuedAt        time.Time // iat
	NotBefore       time.Time // nbf; zero when absent
	AuthTime        time.Time // auth_time; zero when absent
	Nonce           string
	ACR             string
	AtHash          string
	TenantID        string // tid, of multi-tenant issuers

	members map[string]any
}

// Text gives a claim that is text, and "" for any other.
func (c Claims) Text(name string) string {
	s, _ := c.members[name].(string)
	return s
}

// True tells whether a claim is true, as a boolean or, as some providers write
// it, as text.
func (c Claims) True(name string) bool {
	return c.members[name] == true || c.members[name] == "true"
}

// Names lists the claims that are there, sorted.
func (c Claims) Names() []string { return slices.Sorted(maps.Keys(c.members)) }

// String names the account, nothing else.
func (c Claims) String() string { return "claims about " + shown(c.Subject) + " of " + shown(c.Issuer) }

// GoString is String: %#v must not show more.
func (c Claims) GoString() string { return "idtoken.Claims{" + c.String() + "}" }

// Format redacts for every verb.
func (c Claims) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue redacts in log/slog.
func (c Claims) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON redacts.
func (c Claims) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// parseClaims reads one JSON object: names are case-sensitive, and none is
// there twice. A claim of the wrong type is an error where a rule depends on it.
func parseClaims(payload []byte) (Claims, error) {
	var members map[string]any
	if strict.Unmarshal(payload, &members) != nil || members == nil {
		return Claims{}, invalid(RuleFormat, "what the ID token says is not one JSON object")
	}
	c := Claims{members: members}
	for name, into := range map[string]*string{
		"iss": &c.Issuer, "sub": &c.Subject, "azp": &c.AuthorizedParty, "nonce": &c.Nonce,
		"acr": &c.ACR, "at_hash": &c.AtHash, "tid": &c.TenantID,
	} {
		text, ok := members[name].(string)
		if !ok && members[name] != nil {
			return Claims{}, invalid(RuleFormat, "the claim "+name+" of the ID token is not text")
		}
		*into = text
	}
	for name, into := range map[string]*time.Time{
		"exp": &c.Expiry, "iat": &c.IssuedAt, "nbf": &c.NotBefore, "auth_time": &c.AuthTime,
	} {
		at, ok := instant(members[name])
		if !ok {
			return Claims{}, invalid(RuleFormat, "the claim "+name+" of the ID token is not a time")
		}
		*into = at
	}
	var ok bool
	if c.Audience, ok = audience(members["aud"]); !ok {
		return Claims{}, invalid(RuleFormat, "the claim aud of the ID token is neither text nor a list of texts")
	}
	return c, nil
}

// instant reads a NumericDate (RFC 7519 §2): seconds, fractions allowed.
func instant(v any) (time.Time, bool) {
	if v == nil {
		return time.Time{}, true
	}
	seconds, ok := v.(float64)
	if !ok || seconds < 0 || seconds > 253402300799 { // the year 9999
		return time.Time{}, false
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)).UTC(), true
}

func audience(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		out := make([]string, 0, len(v))
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}
