package catalog_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestThePageOfTheCatalogueSaysWhatTheDescriptionsSay(t *testing.T) {
	wantFile(t, filepath.Join("..", "..", "docs", "catalogue.md"), page(descriptions(t)))
}

const pageHead = `# The catalogue

%d providers are built in: who they are, where their endpoints lie, and how their messages stray from the RFCs. This page is made from the descriptions; they are the files of [internal/catalog/providers](../internal/catalog/providers).

~~~sh
valetkey providers                        # all, with how far each was checked
valetkey providers --search "mail"        # every word, in name, title and tags
valetkey providers github                 # one in full
~~~

A provider that is missing takes ten minutes: [add-a-provider.md](add-a-provider.md). One that is there and wrong for you is replaced by a description of your own under another name.

## How far they were checked

| verification | meaning | providers |
|---|---|---|
| tried | used against the live provider | %d |
| documented | checked against the vendor's documentation | %d |
| collected | public descriptions agree; not checked against the vendor's own | %d |
| unverified | public descriptions disagree, or one weak one is all there is: compare it with the vendor's page first | %d |

Every one of them, whatever its verification, is taken by a test through authorization, code or grant, look-ups, a call, a renewal and the revocation, before a mock provider that speaks what the description says.

`

// page writes docs/catalogue.md.
func page(all []api.Provider) string {
	checked := func(want string) int {
		return count(all, func(p api.Provider) bool { return verified(p) == want })
	}
	var out strings.Builder
	fmt.Fprintf(&out, strings.ReplaceAll(pageHead, "~~~", "```"), len(all), checked(api.VerificationTried), checked(api.VerificationDocumented), checked(api.VerificationCollected), checked(api.VerificationUnverified))
	table(&out, "By grant", all, func(p api.Provider) string { return cmp.Or(p.Grant, "authorization_code") })
	table(&out, "By client authentication", all, func(p api.Provider) string {
		if p.TokenEndpointAuth != nil {
			return "a way of its own"
		}
		return cmp.Or(string(p.TokenEndpointAuthMethod), "not said: what the server advertises, else Basic")
	})
	table(&out, "By what a renewal does to the refresh token", all, func(p api.Provider) string {
		if p.Refresh == nil {
			return "not said: a new one is kept when it comes"
		}
		if p.Refresh.Strategy == api.RefreshNever || p.Refresh.Strategy == api.RefreshByAccessToken {
			return "there is no refresh token"
		}
		return cmp.Or(p.Refresh.Rotation, "not said: a new one is kept when it comes")
	})
	fmt.Fprint(&out, "## What they know\n\n| | providers |\n|---|---|\n")
	for _, row := range knowledge() {
		fmt.Fprintf(&out, "| %s | %d |\n", row.what, count(all, row.has))
	}
	fmt.Fprint(&out, "\n## All of them\n\n| name | title | tags | verification |\n|---|---|---|---|\n")
	for _, p := range all {
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", p.Name, p.Title, strings.Join(p.Tags, ", "), verified(p))
	}
	return out.String()
}

func verified(p api.Provider) string {
	if p.Provenance == nil {
		return ""
	}
	return p.Provenance.Verification
}

func count(all []api.Provider, has func(api.Provider) bool) (n int) {
	for _, p := range all {
		if has(p) {
			n++
		}
	}
	return n
}

// table counts descriptions by a property, the most frequent first.
func table(out *strings.Builder, title string, all []api.Provider, of func(api.Provider) string) {
	counts := make(map[string]int)
	var kinds []string
	for _, p := range all {
		kind := of(p)
		if counts[kind] == 0 {
			kinds = append(kinds, kind)
		}
		counts[kind]++
	}
	slices.SortFunc(kinds, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	fmt.Fprintf(out, "## %s\n\n| | providers |\n|---|---|\n", title)
	for _, kind := range kinds {
		fmt.Fprintf(out, "| %s | %d |\n", kind, counts[kind])
	}
	fmt.Fprintln(out)
}

// fact is something that a description may know.
type fact struct {
	what string
	has  func(api.Provider) bool
}

func knowledge() []fact {
	settings := func(p api.Provider) api.CallSettings {
		if p.API == nil {
			return api.CallSettings{}
		}
		return *p.API
	}
	return []fact{
		{"the API's base URL", func(p api.Provider) bool { return settings(p).BaseURL != "" }},
		{"a test request", func(p api.Provider) bool { return settings(p).Test != nil }},
		{"limits of the API", func(p api.Provider) bool { return settings(p).RateLimit != nil }},
		{"a revocation", func(p api.Provider) bool { return p.RevocationEndpoint != "" || p.RevocationRequest != nil }},
		{"variables to fill in", func(p api.Provider) bool { return len(p.Variables) > 0 }},
		{"values that the provider tells", func(p api.Provider) bool {
			for _, v := range p.Variables {
				if v.From != "" && v.From != api.FromUser && v.From != api.FromClient {
					return true
				}
			}
			return false
		}},
		{"requests or answers that stray from the RFC", func(p api.Provider) bool {
			r := p.Requests
			return r.TokenRequest != nil || r.RefreshRequest != nil || r.TokenResponse != nil || r.AuthorizationResponse != nil || len(r.Exchange) > 0
		}},
		{"that no PKCE is taken", func(p api.Provider) bool { return p.CodeChallengeMethod == "none" }},
		{"what scopes mean", func(p api.Provider) bool { return p.Scopes != nil && len(p.Scopes.Meanings) > 0 }},
		{"steps to register a client", func(p api.Provider) bool { return p.Setup != nil && len(p.Setup.Steps) > 0 }},
		{"what its errors mean", func(p api.Provider) bool { return len(p.ErrorHints) > 0 }},
	}
}
