package catalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth/signature"
)

// signatures checks how one request is signed.
func (c *checker) signatures(leg string, rules []signature.Rule) {
	if leg == LegAuthorization && len(rules) > 0 {
		c.wrong(leg+".sign", "a browser carries this request; what is signed there is a request object (RFC 9101)")
		return
	}
	for i, rule := range rules {
		key := leg + ".sign." + strconv.Itoa(i)
		if err := rule.Check(); err != nil {
			c.wrong(key, "%s", err)
		}
		templates := map[string]string{"key": rule.Key}
		for n, part := range rule.Of {
			templates["of."+strconv.Itoa(n)] = part
		}
		c.texts(key, templates)
	}
}

// inheritedSignatures holds the signatures that a renewal takes over to what
// is known there: it has no code.
func (c *checker) inheritedSignatures() {
	p := c.provider
	renews := p.Refresh == nil || p.Refresh.Strategy == "" || p.Refresh.Strategy == api.RefreshByRefreshToken
	if p.TokenRequest == nil || !renews || p.RefreshRequest != nil && len(p.RefreshRequest.Sign) > 0 {
		return
	}
	for _, rule := range p.TokenRequest.Sign {
		if slices.Contains(Variables(rule.Key+strings.Join(rule.Of, " ")), InCode) {
			c.wrong(LegRefresh+".sign", "it is missing: a renewal is signed as token_request is, and has no {code}")
		}
	}
}
