package e2e

import "time"

// The ways to a connection's first token.
const (
	wayCode   = ""       // a browser, a code and its exchange
	wayGrant  = "grant"  // a token request by itself
	wayImport = "import" // a refresh token that was obtained elsewhere
)

// quirkCase is one shape of a quirk type: the switch of the server, and the
// description that a user writes for it. BASE stands for the server's address.
type quirkCase struct {
	on       quirk
	variant  string
	provider string // lines in place of the plain description's, by their keys
	client   string // members, in place of an id and a secret
	settings string // members of the connection
	way      string
	once     bool // the token cannot be renewed
	also     func(*quirkRun)
}

// plainProvider needs no quirk at all.
const plainProvider = `authorization_endpoint: BASE/authorize
token_endpoint: BASE/token
revocation_endpoint: BASE/revoke
token_endpoint_auth_method: client_secret_basic
api: {base_url: BASE/api}`

const plainClient = `client_id: app-1, client_secret: "` + quirkSecret + `"`

// quirkCases holds every type of the catalogue's schema at least once.
func quirkCases() []quirkCase {
	all := quirkRequests()
	all = append(all, quirkClients()...)
	all = append(all, quirkAnswers()...)
	return append(all, quirkLives()...)
}

// quirkRequests are types 1 to 13 and 17 to 25: how a grant is asked for.
func quirkRequests() []quirkCase {
	return []quirkCase{
		{on: quirkGrant, variant: "client_credentials", provider: "grant: client_credentials", way: wayGrant},
		{on: quirkGrant, variant: "vendor", provider: "grant: custom\ntoken_request: {grant_type: account_credentials}", settings: `grant_params: {account_id: "42"}`, way: wayGrant},
		{on: quirkGrant, variant: "password", provider: "grant: password"},
		{on: quirkGrant, variant: "jwt_bearer", provider: "grant: jwt_bearer\ntoken_endpoint_auth_method:", client: "client_id: app-1, private_key: {file: KEY}", way: wayGrant},
		{on: quirkGrant, variant: "saml2_bearer", provider: "grant: saml2_bearer", settings: "assertion: {file: SAML}", way: wayGrant},
		{on: quirkGrant, variant: "refresh only", way: wayImport},
		{on: quirkVariables, client: plainClient + ", variables: {tenant: acme}", provider: `variables: {tenant: {label: Tenant}}
authorization_endpoint: "BASE/{tenant}/authorize"
token_endpoint: "BASE/{tenant}/token"
revocation_endpoint: "BASE/{tenant}/revoke"
authorization_request: {params: {tenant: "{tenant}"}}
token_request: {headers: {X-Tenant: "{tenant}"}}
api: {base_url: "BASE/{tenant}/api"}`},
		{on: quirkOptionalVariable, variant: "given", client: plainClient + ", variables: {shop: nordwind}", provider: optionalShop},
		{on: quirkOptionalVariable, variant: "left out", provider: optionalShop},
		{on: quirkOptions, client: plainClient + ", variables: {region: europe}", provider: `variables: {region: {options: {europe: {path: eu-1, api: eu-1/api}, america: {path: us-1, api: us-1/api}}}}
authorization_endpoint: "BASE/{region.path}/authorize"
token_endpoint: "BASE/{region.path}/token"
revocation_endpoint: "BASE/{region.path}/revoke"
api: {base_url: "BASE/{region.api|raw}"}`},
		{on: quirkTypedURL, client: plainClient + `, variables: {address: "BASE/their/own"}`, provider: `variables: {address: {label: Address}}
authorization_endpoint: "{address|raw}/authorize"
token_endpoint: "{address|raw}/token"
revocation_endpoint: "{address|raw}/revoke"
api: {base_url: "{address|raw}/api"}`},
		{on: quirkCallbackValue, provider: `variables: {dc: {from: callback, must_match: "dc[0-9]+"}}` + "\n" + `api: {base_url: "BASE/{dc}/api"}`},
		{on: quirkResponseValue, provider: `variables: {instance: {from: token_response, pointer: /data/instance, must_match: "BASE/.*", on_refresh: true}}` + "\n" + `api: {base_url: "{instance|raw}"}`},
		{on: quirkLookup, provider: `variables: {site: {label: Site, from: request, request: {url: BASE/sites, list: /values, value: /id, label: /name}}}` + "\n" + `api: {base_url: "BASE/sites/{site}/api"}`, also: chooseSite},
		{on: quirkClaim, provider: `variables: {org: {from: access_token_claim, pointer: /org/id}}` + "\n" + `api: {base_url: "BASE/orgs/{org}/api"}`},
		{on: quirkCapture, provider: `variables: {tenant: {from: token_response, pointer: /links/self, capture: "^/tenants/([a-z0-9]+)/"}}` + "\n" + `api: {base_url: "BASE/{tenant}/api"}`},
		{on: quirkClientPerConnection, also: secondClient},
		{on: quirkClientFields, client: plainClient + `, variables: {application: "42", developer_token: hush}`, provider: `variables: {application: {from: client}, developer_token: {from: client, secret: true}}
authorization_request: {params: {application: "{application}"}}
api: {base_url: BASE/api, headers: {Developer-Token: "{developer_token}"}}`},
		{on: quirkRedirectParam, client: plainClient + ", variables: {runame: Nordwind-Contoso-RuName}", provider: "variables: {runame: {from: client}}\n" + `redirect_uri_param: "{runame}"`},
		{on: quirkScopes, variant: "separator", provider: `scopes: {required: [offline], default: [read], separator: ","}`},
		{on: quirkScopes, variant: "renamed", provider: `scopes: {required: [offline], default: [read], separator: ","}` + "\n" + "authorization_request: {rename: {scope: permissions}}"},
		{on: quirkScopes, variant: "omitted", provider: "scopes: {default: [read]}\nauthorization_request: {omit: [scope]}"},
		{on: quirkParams, provider: `authorization_request: {params: {audience: ` + quirkWord + `}, repeat: {feature: [a, b]}}
token_request: {params: {fetching: ` + quirkWord + `}}
refresh_request: {params: {renewing: ` + quirkWord + `}}
revocation_request: {params: {everything: ` + quirkWord + `}}`},
		{on: quirkRename, provider: `scopes: {default: [read]}
authorization_request: {rename: {client_id: app_id, redirect_uri: callback}, omit: [scope]}
token_request: {rename: {grant_type: kind, code: auth_code}, omit: [redirect_uri]}
refresh_request: {rename: {grant_type: kind, refresh_token: renewal}, omit: [scope]}
revocation_request: {rename: {token: end}, omit: [token_type_hint]}`},
		{on: quirkResponseType, provider: "response_type: code id\nresponse_mode: form_post\nauthorization_request: {omit: [response_mode]}"},
		{on: quirkFragment, provider: `authorization_endpoint: "BASE/app#/authorize"` + "\nauthorization_request: {fragment: true}"},
		{on: quirkEncoding, variant: "json", provider: "token_request: {encoding: json}"},
		{on: quirkEncoding, variant: "get", provider: "token_request: {method: GET}"},
		{on: quirkHeaders, provider: `token_request: {headers: {X-Version: "2", X-Application: "{client_id}"}}`},
		{on: quirkEndpoints, provider: "refresh_endpoint: BASE/renew\nrefresh_request: {method: GET}"},
		{on: quirkCodeName, provider: "authorization_response: {code: auth_code}"},
	}
}

const optionalShop = `variables: {shop: {optional: true}}
endpoint_forms: {authorization_endpoint: ["BASE/shops/{shop}/authorize", BASE/authorize], token_endpoint: ["BASE/shops/{shop}/token", BASE/token], revocation_endpoint: ["BASE/shops/{shop}/revoke", BASE/revoke]}
authorization_endpoint:
token_endpoint:
revocation_endpoint:
api: {base_url: BASE/api}`

// quirkClients are types 14 to 16: how the code and the client are proved.
func quirkClients() []quirkCase {
	own := func(variant, provider string) quirkCase {
		return quirkCase{on: quirkClientAuth, variant: variant, provider: provider}
	}
	key := "client_id: app-1, private_key: {file: KEY}"
	return []quirkCase{
		{on: quirkPKCE, variant: "S256"},
		{on: quirkPKCE, variant: "plain", provider: "code_challenge_method: plain"},
		{on: quirkPKCE, variant: "none", provider: "code_challenge_method: none"},
		own("post", "token_endpoint_auth_method: client_secret_post"),
		own("both", `token_request: {params: {client_id: "{client_id}", client_secret: "{client_secret}"}}
refresh_request: {params: {client_id: "{client_id}", client_secret: "{client_secret}"}}
revocation_request: {params: {client_id: "{client_id}", client_secret: "{client_secret}"}}`),
		own("raw", `token_endpoint_auth_method:`+"\n"+`token_endpoint_auth: {username: "{client_id}", password: "{client_secret}"}`),
		own("secret as user", `token_endpoint_auth_method:`+"\n"+`token_endpoint_auth: {username: "{client_secret}"}`),
		own("scheme", `token_endpoint_auth_method:`+"\n"+`token_endpoint_auth: {scheme: ApiKey, username: "{client_secret}"}`),
		own("headers", `token_endpoint_auth_method: none
token_request: {headers: {X-Id: "{client_id}", X-Secret: "{client_secret}"}}
revocation_request: {headers: {X-Id: "{client_id}", X-Secret: "{client_secret}"}}`),
		{on: quirkClientAuth, variant: "none", provider: "token_endpoint_auth_method: none", client: "client_id: app-1"},
		{on: quirkClientAuth, variant: "client_secret_jwt", provider: "token_endpoint_auth_method: client_secret_jwt", client: `client_id: app-1, client_secret: "` + quirkSecret + quirkSecret + `"`},
		{on: quirkClientAuth, variant: "private_key_jwt", provider: "token_endpoint_auth_method: private_key_jwt", client: key},
		{on: quirkAssertion, client: key, provider: `token_endpoint_auth_method: private_key_jwt
client_assertion: {audience: "https://audience.contoso.example", lifetime: 2m, header: {typ: contoso+jwt, kid: key-42}, claims: {team: "team-{client_id}"}}`},
	}
}

// quirkAnswers are types 26 to 28 and 31 to 33: what token endpoints answer.
func quirkAnswers() []quirkCase {
	hour := livesFor(time.Hour)
	return []quirkCase{
		{on: quirkResponse, variant: "root", provider: "token_response: {root: /data/auth}"},
		{on: quirkResponse, variant: "names", provider: "token_response: {access_token: /accessToken, refresh_token: /renewal/token, token_type: /tokenType, expires_in: {pointer: /expiresIn}}"},
		{on: quirkResponse, variant: "two sets", provider: "token_response: {root: /user}"},
		{on: quirkResponse, variant: "form", provider: "token_response: {format: form}"},
		{on: quirkLifetime, variant: "ms", provider: "token_response: {expires_in: {pointer: /lifetime, unit: ms}}", also: hour},
		{on: quirkLifetime, variant: "minutes", provider: "token_response: {expires_in: {unit: m}}", also: hour},
		{on: quirkLifetime, variant: "absolute", provider: "token_response: {expires_at: {pointer: /valid_until, format: rfc3339}}", also: hour},
		{on: quirkLifetime, variant: "absolute ms", provider: "token_response: {expires_at: {pointer: /valid_until, format: unix_ms}}", also: hour},
		{on: quirkLifetime, variant: "left out", provider: "token_response: {default_expires_in: 3600}", also: hour},
		{on: quirkLifetime, variant: "zero is never", provider: "token_response: {expires: never}", also: livesFor(0)},
		{on: quirkLifetime, variant: "introspect", provider: "introspection_endpoint: BASE/introspect\ntoken_response: {expires: introspect}", also: hour},
		{on: quirkLifetime, variant: "jwt", provider: "token_response: {expires: jwt}", also: hour},
		{on: quirkErrorIn200, provider: "token_response: {error_when: {pointer: /ok, equals: false, error: /error}}", also: refusedIn200},
		{on: quirkExchange, provider: `exchange: [{method: GET, url: BASE/exchange, params: {short: "{access_token}"}, on_refresh: true}]`},
		{on: quirkSecondToken, provider: `additional_tokens: {files: {params: {resource: "urn:contoso:files"}}}`, also: secondToken},
		{on: quirkConsentOnly, provider: "authorization_response: {consent_only: true}"},
	}
}

// quirkLives are types 29, 30 and 34 to 39: what becomes of a token.
func quirkLives() []quirkCase {
	return []quirkCase{
		{on: quirkRefresh, variant: "not_rotated", provider: "refresh: {rotation: none}"},
		{on: quirkRefresh, variant: "single_use", provider: "refresh: {rotation: single_use}"},
		{on: quirkRefresh, variant: "access_token", provider: "refresh: {strategy: access_token}\n" + `refresh_request: {grant_type: swap, params: {token: "{access_token}"}}`},
		{on: quirkRefresh, variant: "keeps_access_token", provider: "refresh_response: {keep: [access_token]}"},
		{on: quirkRefresh, variant: "too_early", provider: "refresh: {not_before_expiry: true}"},
		{on: quirkRefresh, variant: "none", provider: "refresh: {strategy: none}", once: true},
		{on: quirkDeadGrant, provider: "refresh: {dead_grant: {status: [403], error: [consent_withdrawn]}}", also: withdrawn},
		{on: quirkAPI, variant: "query", provider: "api: {base_url: BASE/api, token: {in: query, name: api_token}}"},
		{on: quirkAPI, variant: "header", provider: `api: {base_url: BASE/api, token: {name: X-Contoso-Token, scheme: ""}, headers: {X-Version: 2026-01}, query: {format: json}}`},
		{on: quirkAPI, variant: "scheme", provider: "api: {base_url: BASE/api, token: {scheme: Zoho-oauthtoken}}"},
		{on: quirkAPI, variant: "id_token", provider: "api: {base_url: BASE/api, token: {source: id_token}}"},
		{on: quirkExpiredStatus, provider: "api: {base_url: BASE/api, auth_error: {statuses: [403]}}"},
		{on: quirkTestRequest, provider: `api: {base_url: BASE/api, test: {method: POST, path: /ping, body: '{"ping":1}'}}`, also: tested},
		{on: quirkRevocation, variant: "delete", provider: "revocation_endpoint:\n" + `revocation_request: {method: DELETE, url: "BASE/grants/{access_token}", auth: access_token}`},
		{on: quirkRevocation, variant: "none", provider: "revocation_endpoint:"},
		{on: quirkSetup, provider: "setup: {register_at: https://contoso.example/apps, steps: [Make an app], client_id_label: App key}", also: setUp},
		{on: quirkRegistration, provider: "issuer: BASE\nauthorization_endpoint:\ntoken_endpoint:\nrevocation_endpoint:\ntoken_endpoint_auth_method:", client: "register"},
	}
}
