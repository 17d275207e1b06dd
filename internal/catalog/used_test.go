package catalog_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
)

// mostUsed are the providers that people bring most; their descriptions are
// complete.
const mostUsed = `microsoft business-central dynamics-365 google google-ads gmail google-drive google-calendar google-sheets
ebay salesforce netsuite hubspot shopify slack xero quickbooks zoom github gitlab atlassian docusign linkedin amazon-selling-partner
zoho-crm box dropbox stripe-connect stripe-app square paypal adobe notion airtable asana monday clickup linear figma intercom zendesk freshsales freshservice
pipedrive servicenow snowflake databricks okta auth0 keycloak sap-btp sap-concur oracle-idcs oracle-fusion workday
microsoft-china microsoft-gcc-high microsoft-teams google-analytics google-docs google-contacts zoho-books zoho-mail`

// excused are what a description may lack, and why.
func excused() map[string]string {
	const (
		revoke = "the facts collected name no endpoint of RFC 7009: a person revokes at the provider"
		scopes = "what an app may do is set at the provider, and no scope is sent"
	)
	reasons := map[string]string{
		"google-sheets test":  "every request names a spreadsheet",
		"google-docs test":    "every request names a document",
		"sap-btp test":        "each service of a tenant has requests of its own",
		"sap-btp refresh":     "each tenant sets how long its refresh tokens live",
		"atlassian test":      "every request names a site, which is looked up first",
		"notion meanings":     scopes,
		"clickup meanings":    scopes,
		"intercom meanings":   scopes,
		"stripe-app meanings": "its permissions stand in the manifest of the app",
		"workday meanings":    "scopes are the functional areas of the tenant's own API client",
	}
	for _, name := range strings.Fields(`microsoft business-central dynamics-365 ebay shopify slack github atlassian docusign dropbox paypal
		airtable clickup figma intercom zendesk servicenow snowflake databricks okta workday amazon-selling-partner sap-btp sap-concur microsoft-china
		microsoft-gcc-high microsoft-teams stripe-app freshsales freshservice`) {
		reasons[name+" revocation_endpoint"] = revoke
	}
	return reasons
}

func TestTheMostUsedProvidersAreComplete(t *testing.T) {
	c, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	reasons, names := excused(), strings.Fields(mostUsed)
	if len(names) < 60 {
		t.Errorf("only %d are named", len(names))
	}
	used := map[string]bool{}
	for _, name := range names {
		p, there, err := c.Provider(name)
		if err != nil || !there {
			t.Errorf("%s is not built in: %v", name, err)
			continue
		}
		for _, key := range lacking(p) {
			used[name+" "+key] = true
			if reasons[name+" "+key] == "" {
				t.Errorf("%s has no %s", name, key)
			}
		}
	}
	for what := range reasons {
		if !used[what] {
			t.Errorf("%s is excused and there", what)
		}
	}
}

// lacking names what a description does not say. Of refresh tokens, silence
// says what the RFC does.
func lacking(p api.Provider) (keys []string) {
	for _, part := range []struct {
		key   string
		there bool
	}{
		{"setup.steps", p.Setup != nil && len(p.Setup.Steps) > 1},
		{"setup.register_at", p.Setup != nil && p.Setup.RegisterAt != ""},
		{"meanings", p.Scopes != nil && len(p.Scopes.Meanings) > 0},
		{"refresh", p.Refresh != nil},
		{"revocation_endpoint", p.RevocationEndpoint != ""},
		{"api.base_url", p.API != nil && p.API.BaseURL != ""},
		{"test", p.API != nil && p.API.Test != nil},
		{"error_hints", len(p.ErrorHints) > 0},
	} {
		if !part.there {
			keys = append(keys, part.key)
		}
	}
	return keys
}
