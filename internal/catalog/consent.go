package catalog

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Organisation is the one that a connection's settings name, such as a tenant;
// "" where they name none, or say that any will do.
func Organisation(p api.Provider, given Values) string {
	rules := p.AdminConsent
	if rules == nil {
		return ""
	}
	declared := p.Variables[rules.Variable]
	typed := cmp.Or(given.Connection[rules.Variable], given.Client[rules.Variable])
	value := cmp.Or(strings.TrimSuffix(strings.TrimPrefix(typed, declared.Prefix), declared.Suffix), declared.Default)
	if slices.Contains(rules.Anyone, value) {
		return ""
	}
	return value
}

// Consented is the organisation among what was captured: the one whose
// administrator consented. Nil: none.
func Consented(p api.Provider, captured map[string]string) map[string]string {
	if p.AdminConsent == nil || captured[p.AdminConsent.Variable] == "" {
		return nil
	}
	return map[string]string{p.AdminConsent.Variable: captured[p.AdminConsent.Variable]}
}

// Anyone stands for the organisation while none is known; nil: nothing does.
func Anyone(p api.Provider) map[string]string {
	if p.AdminConsent == nil || len(p.AdminConsent.Anyone) == 0 {
		return nil
	}
	return map[string]string{p.AdminConsent.Variable: p.AdminConsent.Anyone[0]}
}

// FromConsent reads the organisation that the answer to an administrator's
// consent tells. The error is [api.CodeForbidden]: the answer passed through a
// browser, and one that is not allowed may be forged.
func FromConsent(p api.Provider, params url.Values) (map[string]string, error) {
	rules := p.AdminConsent
	if rules.Granted != "" && !strings.EqualFold(params.Get(rules.Granted), "true") {
		return nil, fault.New(api.CodeForbidden, "the answer that came back does not say that an administrator consented").
			WithHint("open the link again, and sign in as an administrator")
	}
	told := params[cmp.Or(rules.Name, rules.Variable)]
	if len(told) != 1 || !Names(p, told[0]) {
		return nil, fault.New(api.CodeForbidden, "the answer that came back names no organisation that the description allows").
			WithHint("nothing was changed; look at admin_consent.must_match of the provider's description")
	}
	return map[string]string{rules.Variable: told[0]}, nil
}

// Names says whether a value is an organisation's as answers tell it.
func Names(p api.Provider, value string) bool {
	pattern, err := wholePattern(p.AdminConsent.MustMatch)
	return err == nil && pattern.MatchString(value) && allowed(p.AdminConsent.Variable, p.Variables[p.AdminConsent.Variable], value) == nil
}

// SignedInAt is the organisation of who signed in, as the ID token says that
// came with a token; "": it does not say.
func SignedInAt(p api.Provider, t oauth.Token) string {
	value, _ := at(claims(t.IDToken), pointerIn(p.AdminConsent.Claim, api.Variable{}))
	return value
}

// consent checks how an administrator's consent comes back.
func (c *checker) consent() {
	p, rules, key := c.provider, c.provider.AdminConsent, []string{"admin_consent"}
	if (rules == nil) != (p.AdminConsentEndpoint == "") {
		c.at(key, "it goes together with admin_consent_endpoint")
	}
	if rules == nil {
		return
	}
	declared, known := p.Variables[rules.Variable]
	switch {
	case !known || Outside(declared) || declared.From == api.FromClient:
		c.at(append(key, "variable"), "it must be one of the variables that a connection may set")
	case rules.MustMatch == "":
		c.at(append(key, "must_match"), "it is missing: a browser brings the value, and anybody may write anything there")
	case !c.patterns(key, api.Variable{VariableSource: api.VariableSource{MustMatch: rules.MustMatch}}):
	case slices.ContainsFunc(rules.Anyone, func(value string) bool { return Names(p, value) }):
		c.at(append(key, "must_match"), "it lets a value of anyone pass, which names no organisation")
	}
}
