package broker_test

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// shipped plays the whole life of a grant with a description as it ships, each
// of its hosts being a path of the test's server.
type shipped struct {
	vars     map[string]string // the connection's, over the client's own
	callback url.Values        // beside state; default: a code
	answers  map[string]string // by path, @ for the server
	sent     map[string]string // at the token endpoint: what must have been read there, and with ! what must not
	token    string            // path of the token endpoint
	base     string            // of the API, afterwards
	want     string            // access token afterwards; default at
	refresh  string            // path of the refresh; default: the token endpoint; "-": none is made
	renewed  map[string]string // what must have been read there
}

const plainToken = `200 {"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":3600}`

func shippedCases() map[string]shipped {
	return map[string]shipped{
		"salesforce": {
			token:   "/login.salesforce.com/services/oauth2/token",
			answers: map[string]string{"/login.salesforce.com/services/oauth2/token": `200 {"access_token":"at","refresh_token":"rt","token_type":"Bearer","instance_url":"@/acme.my.salesforce.com"}`},
			base:    "@/acme.my.salesforce.com",
		},
		"ebay": {
			vars:  map[string]string{"environment": "sandbox"},
			token: "/api.sandbox.ebay.com/identity/v1/oauth2/token",
			sent:  map[string]string{"redirect_uri": "Acme-RuName"},
			base:  "@/api.sandbox.ebay.com",
		},
		"zoho-crm": {
			callback: url.Values{"code": {"c"}, "accounts-server": {"@/accounts.zoho.eu"}},
			token:    "/accounts.zoho.eu/oauth/v2/token",
			answers:  map[string]string{"/accounts.zoho.eu/oauth/v2/token": `200 {"access_token":"at","refresh_token":"rt","api_domain":"@/www.zohoapis.eu","expires_in":3600}`},
			base:     "@/www.zohoapis.eu/crm/v6",
		},
		"shopify": {
			vars:  map[string]string{"shop": "acme.myshopify.com"},
			token: "/acme.myshopify.com/admin/oauth/access_token",
			sent:  map[string]string{"expiring": "1", "!code_verifier": ""},
			base:  "@/acme.myshopify.com/admin/api/2026-07",
		},
		"slack": {
			token:   "/slack.com/api/oauth.v2.access",
			answers: map[string]string{"/slack.com/api/oauth.v2.access": `200 {"ok":true,"access_token":"at","refresh_token":"rt","token_type":"bot","expires_in":43200,"team":{"id":"T1"},"authed_user":{"id":"U1"}}`},
			base:    "@/slack.com/api",
		},
		"slack-user": {
			token:   "/slack.com/api/oauth.v2.access",
			answers: map[string]string{"/slack.com/api/oauth.v2.access": `200 {"ok":true,"access_token":"bot","token_type":"bot","authed_user":{"id":"U1","access_token":"at","token_type":"user"}}`},
			base:    "@/slack.com/api",
			refresh: "-",
		},
		"atlassian": {
			token:   "/auth.atlassian.com/oauth/token",
			answers: map[string]string{"/api.atlassian.com/oauth/token/accessible-resources": `200 [{"id":"11-aa","url":"https://acme.example"}]`},
			base:    "@/api.atlassian.com/ex/jira/11-aa",
		},
		"xero": {
			token:   "/identity.xero.com/connect/token",
			answers: map[string]string{"/api.xero.com/connections": `200 [{"tenantId":"t-1","tenantName":"Acme"}]`},
			base:    "@/api.xero.com",
		},
		"amazon-selling-partner": {
			vars:     map[string]string{"marketplace": "de"},
			callback: url.Values{"spapi_oauth_code": {"sp-code"}, "selling_partner_id": {"A1"}},
			token:    "/api.amazon.com/auth/o2/token",
			sent:     map[string]string{"code": "sp-code"},
			base:     "@/sellingpartnerapi-eu.amazon.com",
		},
		"facebook": {
			token:   "/graph.facebook.com/v22.0/oauth/access_token",
			sent:    map[string]string{"grant_type": "fb_exchange_token", "fb_exchange_token": "at", "client_secret": "s3cret"},
			base:    "@/graph.facebook.com/v22.0",
			renewed: map[string]string{"grant_type": "fb_exchange_token", "fb_exchange_token": "at"},
		},
		"instagram": {
			token: "/api.instagram.com/oauth/access_token",
			answers: map[string]string{
				"/api.instagram.com/oauth/access_token":     `200 {"access_token":"short","user_id":1}`,
				"/graph.instagram.com/access_token":         `200 {"access_token":"long","token_type":"bearer","expires_in":5183944}`,
				"/graph.instagram.com/refresh_access_token": `200 {"access_token":"longer","token_type":"bearer","expires_in":5183944}`,
			},
			base:    "@/graph.instagram.com",
			want:    "longer",
			refresh: "/graph.instagram.com/refresh_access_token",
			renewed: map[string]string{"grant_type": "ig_refresh_token", "access_token": "long", "!client_secret": ""},
		},
		"stripe-app": {
			token: "/api.stripe.com/v1/oauth/token",
			sent:  map[string]string{"!client_id": "", "!redirect_uri": ""},
			base:  "@/api.stripe.com/v1",
		},
		"quickbooks": {
			callback: url.Values{"code": {"c"}, "realmId": {"4620816365"}},
			token:    "/oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
			base:     "@/quickbooks.api.intuit.com/v3/company/4620816365",
		},
		"docusign": {
			vars:    map[string]string{"environment": "demo"},
			token:   "/account-d.docusign.com/oauth/token",
			answers: map[string]string{"/account-d.docusign.com/oauth/userinfo": `200 {"accounts":[{"account_id":"aa-1","account_name":"Acme","base_uri":"@/demo.docusign.net"},{"account_id":"bb-2","base_uri":"@/na4.docusign.net"}]}`},
			base:    "@/demo.docusign.net/restapi/v2.1/accounts/aa-1",
		},
		"linkedin": {token: "/www.linkedin.com/oauth/v2/accessToken", base: "@/api.linkedin.com", sent: map[string]string{"!code_verifier": ""}},
		"notion":   {token: "/api.notion.com/v1/oauth/token", base: "@/api.notion.com/v1"},
		"pipedrive": {
			token:   "/oauth.pipedrive.com/oauth/token",
			answers: map[string]string{"/oauth.pipedrive.com/oauth/token": `200 {"access_token":"at","refresh_token":"rt","api_domain":"@/acme.pipedrive.com","expires_in":3600}`},
			base:    "@/acme.pipedrive.com/api",
		},
		"tiktok-business": {
			callback: url.Values{"auth_code": {"c"}},
			token:    "/business-api.tiktok.com/open_api/v1.3/oauth2/access_token/",
			answers:  map[string]string{"/business-api.tiktok.com/open_api/v1.3/oauth2/access_token/": `200 {"code":0,"message":"OK","data":{"access_token":"at","advertiser_ids":["1"]}}`},
			base:     "@/business-api.tiktok.com/open_api/v1.3",
			refresh:  "-",
		},
		"gong": {
			token:   "/app.gong.io/oauth2/generate-customer-token",
			answers: map[string]string{"/app.gong.io/oauth2/generate-customer-token": `200 {"access_token":"at","refresh_token":"rt","api_base_url_for_customer":"@/us-1.api.gong.io","expires_in":3600}`},
			base:    "@/us-1.api.gong.io",
		},
		"netdocuments": {vars: map[string]string{"region": "au"}, token: "/api.au.netdocuments.com/v1/OAuth", base: "@/api.au.netdocuments.com"},
		"bullhorn": {
			vars:    map[string]string{"datacenter": "west"},
			token:   "/auth-west.bullhornstaffing.com/oauth/token",
			answers: map[string]string{"/rest-west.bullhornstaffing.com/rest-services/login": `200 {"BhRestToken":"session","restUrl":"@/rest9.bullhornstaffing.com/rest-services/e9/"}`},
			base:    "@/rest9.bullhornstaffing.com/rest-services/e9",
			want:    "session",
		},
		"wechat": {
			token:   "/api.weixin.qq.com/sns/oauth2/access_token",
			sent:    map[string]string{"appid": "id", "secret": "s3cret", "!redirect_uri": ""},
			answers: map[string]string{"/api.weixin.qq.com/sns/oauth2/access_token": `200 {"access_token":"at","refresh_token":"rt","openid":"o-1","expires_in":7200,"scope":"snsapi_login"}`},
			base:    "@/api.weixin.qq.com",
			refresh: "/api.weixin.qq.com/sns/oauth2/refresh_token",
			renewed: map[string]string{"appid": "id", "refresh_token": "rt", "!secret": ""},
		},
	}
}

func TestTheShippedDescriptionsServeAGrantsWholeLife(t *testing.T) {
	for name, s := range shippedCases() {
		t.Run(name, func(t *testing.T) { s.live(t, name) })
	}
}

func (s shipped) live(t *testing.T, name string) {
	text, err := os.ReadFile(filepath.Join("..", "catalog", "providers", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o := newOdd(t, strings.ReplaceAll(string(text), "https://", "@/"))
	clientSecret := api.Secret("s3cret")
	_, err = o.PutClient(o.ctx, "odd", api.ClientSpec{Provider: "odd", ClientID: "id", ClientSecret: &clientSecret,
		Variables: map[string]string{"ru_name": "Acme-RuName", "application_id": "amzn1.sp.solution.1"}})
	o.must(err)
	here := func(text string) string { return strings.ReplaceAll(text, "@", o.odd.URL) }
	refresh := or(s.refresh, s.token)
	o.odd.says(s.token, plainToken)
	o.odd.says(refresh, plainToken)
	for path, answer := range s.answers {
		o.odd.says(path, here(answer))
	}
	o.set(s.vars)
	callback := url.Values{"code": {"c"}}
	if s.callback != nil {
		callback = maps.Clone(s.callback)
	}
	for name := range callback {
		callback.Set(name, here(callback.Get(name)))
	}
	o.signs = name == "shopify"
	o.must(o.answer(callback))
	o.wantState("odd", api.StateActive)
	o.wantRead(s.token, s.sent)
	o.wantBase(s.base)
	if refresh != "-" {
		_, err = o.Refresh(o.ctx, "odd")
		o.must(err)
		o.wantRead(refresh, s.renewed)
		o.wantBase(s.base)
	}
	o.wantToken("odd", or(s.want, "at"))
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// wantRead holds the last request for a path to what must stand there.
func (o *odd) wantRead(path string, want map[string]string) {
	o.t.Helper()
	all := o.odd.at(path)
	if len(all) == 0 {
		o.t.Fatalf("no request for %s", path)
	}
	last := all[len(all)-1]
	for name, value := range want {
		if absent, is := strings.CutPrefix(name, "!"); is {
			if last.Has(absent) {
				o.t.Errorf("%s was sent %s", path, absent)
			}
			continue
		}
		if got := last.Get(name); got != value {
			o.t.Errorf("%s: %s is %q, want %q", path, name, got, value)
		}
	}
}
