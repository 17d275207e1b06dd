package wizard

import (
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/oauth"
)

func text(paths ...string) []setting    { return of(kindText, paths) }
func number(paths ...string) []setting  { return of(kindNumber, paths) }
func numbers(paths ...string) []setting { return of(kindNumbers, paths) }
func list(paths ...string) []setting    { return of(kindList, paths) }
func each(paths ...string) []setting    { return of(kindItems, paths) }
func pairs(paths ...string) []setting   { return of(kindLines, paths) }
func area(paths ...string) []setting    { return of(kindArea, paths) }
func check(paths ...string) []setting   { return of(kindCheck, paths) }

func choice(path string, choices ...string) []setting {
	return []setting{{path: path, kind: kindChoice, choices: append([]string{""}, choices...)}}
}

func of(kind string, paths []string) []setting {
	all := make([]setting, len(paths))
	for i, path := range paths {
		all[i] = setting{path: path, kind: kind}
	}
	return all
}

// apiTable is the api block, of a connection or of its provider.
func apiTable() table {
	return table{
		{"api", slices.Concat(text("api.base_url", "api.timeout"), pairs("api.headers", "api.query"))},
		{"token", slices.Concat(list("api.token.in"), text("api.token.name", "api.token.scheme"))},
		{"refused", slices.Concat(numbers("api.auth_error.statuses"), text("api.auth_error.path", "api.auth_error.header"), each("api.auth_error.values"), check("api.auth_error.login_page"))},
		{"retry", slices.Concat(
			choice("api.retry.mode", api.RetryNone, api.RetryStatus, api.RetryAny), numbers("api.retry.statuses"), list("api.retry.methods"), number("api.retry.max"),
			text("api.retry.wait"), check("api.retry.multiply_wait"), text("api.retry.max_wait", "api.retry.header", "api.retry.body_path"))},
		{"limit", slices.Concat(
			number("api.rate_limit.requests"), text("api.rate_limit.per", "api.rate_limit.min_interval"), number("api.rate_limit.concurrency"), check("api.rate_limit.adaptive"),
			text("api.rate_limit.shared_with"), number("api.rate_limit.queue"), numbers("api.rate_limit.statuses"),
			text("api.rate_limit.path", "api.rate_limit.header"), each("api.rate_limit.values"), text("api.rate_limit.retry_after_header"), check("api.rate_limit.observe"))},
		{"test", slices.Concat(
			text("api.test.path", "api.test.method"), pairs("api.test.query", "api.test.headers"), area("api.test.body"),
			text("api.test.success_path"), each("api.test.success_values"), text("api.test.fail_path"), each("api.test.fail_values"), text("api.test.error_path"))},
		{"answer", slices.Concat(
			text("api.media_type", "api.success_media_type", "api.error_media_type", "api.soap_action", "api.success_path"), each("api.success_values"),
			text("api.fail_path"), each("api.fail_values"), text("api.error_path"))},
		{"network", slices.Concat(
			choice("api.redirects", api.RedirectsNone, api.RedirectsSameOrigin, api.RedirectsAll), check("api.cookies", "api.compression", "api.caching"), text("api.proxy"), list("api.agent"),
			area("api.tls.ca"), check("api.tls.client_certificate"), text("api.tls.certificate"), check("api.tls.insecure_skip_verify"))},
	}
}

// connectionTable is the keys of a connection, but those that the page asks for
// elsewhere and those of one grant.
func connectionTable() table {
	return append(apiTable(),
		group{"grant", slices.Concat(list("resources"), choice("dpop", api.DPoPAuto, api.DPoPRequired, api.DPoPOff), text("token_set", "token_file"))},
		group{"own", slices.Concat(area("description"), pairs("tags"))})
}

// connectionApart are the keys of a connection that the page asks for elsewhere.
func connectionApart() []string { return []string{"client", "grant", "scopes", "variables"} }

// tokenTypes are the short names of RFC 8693 section 3.
func tokenTypes() []string {
	return []string{"access_token", "id_token", "refresh_token", "jwt", "saml1", "saml2"}
}

// source is where a token comes from that somebody else made.
func source(key string) []setting {
	return slices.Concat(text(key+".connection", key+".file"), each(key+".command"))
}

// grantTable is the keys that one grant takes, besides those of every connection.
func grantTable(grant oauth.GrantType) table {
	var all []setting
	params := pairs("grant_params")
	switch grant {
	case arrangement.GrantSAML2Bearer, arrangement.GrantJWTBearer:
		all = slices.Concat(source("assertion"), params)
	case arrangement.GrantTokenExchange:
		all = slices.Concat(
			source("subject"), choice("subject.type", tokenTypes()...), list("audience"), choice("requested_token_type", tokenTypes()...),
			source("actor"), choice("actor.type", tokenTypes()...), params)
	case arrangement.GrantOnBehalfOf:
		all = slices.Concat(source("subject"), params)
	case arrangement.GrantCustom, oauth.GrantClientCredentials, oauth.GrantPassword:
		all = params
	}
	return table{{string(grant), all}}
}

// clientTable is the keys of a client, but those that the page asks for elsewhere.
func clientTable() table {
	return table{{"client", slices.Concat(
		choice("token_endpoint_auth_method", authMethods()...), text("private_key_path", "certificate_path", "client_assertion.from_file"), each("client_assertion.from_command"),
		list("allowed_hosts"), area("description"))}}
}

// authMethods are the ways of RFC 6749 section 2.3, RFC 7523 and RFC 8705.
func authMethods() []string {
	return []string{
		"client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt",
		"tls_client_auth", "self_signed_tls_client_auth", "none",
	}
}

// request is the keys of one request to an authorization server.
func request(leg string) []setting {
	return slices.Concat(pairs(leg+".params", leg+".headers"), choice(leg+".method", "GET", "POST"), choice(leg+".encoding", "form", "json", "query"))
}

// providerTable is the keys of a provider's description that are set most.
func providerTable() table {
	grants := make([]string, 0, 10)
	for _, grant := range arrangement.Grants() {
		grants = append(grants, string(grant))
	}
	return slices.Concat(table{
		{"endpoints", text("issuer", "authorization_endpoint", "token_endpoint", "refresh_endpoint", "revocation_endpoint")},
		{"proof", slices.Concat(choice("grant", grants...), choice("code_challenge_method", "S256", "plain", "none"), list("token_endpoint_auth_method"),
			text("token_endpoint_auth.username", "token_endpoint_auth.password"))},
		{"scopes", slices.Concat(list("scopes.required", "scopes.default"), text("scopes.separator"))},
		{"authorization_request", slices.Concat(pairs("authorization_request.params"), choice("authorization_request.method", "GET", "POST"), choice("response_mode", "query", "form_post"),
			text("response_type", "redirect_uri_param"), choice("resource_mode", api.ResourceAuto, api.ResourceSend, api.ResourceOmit),
			check("require_pushed_authorization_requests", "require_signed_request_object", "require_advertised_pkce"), choice("dpop", api.DPoPAuto, api.DPoPRequired, api.DPoPOff))},
		{"token_request", append(request("token_request"), text("token_request.grant_type")...)},
		{"token_response", slices.Concat(
			text("token_response.root", "token_response.access_token", "token_response.refresh_token", "token_response.token_type", "token_response.scope", "token_response.expires_in.pointer"),
			choice("token_response.expires_in.unit", "s", "ms", "m"), number("token_response.default_expires_in"),
			choice("token_response.expires", oauth.ExpiresIntrospect, oauth.ExpiresJWT, oauth.ExpiresNever))},
		{"refresh_request", append(request("refresh_request"), text("refresh_request.grant_type")...)},
		{"refresh", slices.Concat(
			text("refresh.skew"), choice("refresh.strategy", api.RefreshByRefreshToken, api.RefreshByAccessToken, api.RefreshBySameGrant, api.RefreshNever),
			check("refresh.not_before_expiry"), choice("refresh.rotation", api.RotationNone, api.RotationOptional, api.RotationSingleUse),
			text("refresh.idle_lifetime", "refresh.absolute_lifetime"))},
		{"revocation_request", request("revocation_request")},
		{"further", slices.Concat(
			text("introspection_endpoint", "userinfo_endpoint", "jwks_uri", "registration_endpoint", "pushed_authorization_request_endpoint", "device_authorization_endpoint", "admin_consent_endpoint"),
			check("tls_client_certificate_bound_access_tokens"))},
		{"assertion", slices.Concat(
			text("assertion.alg", "assertion.audience", "assertion.lifetime"), pairs("assertion.claims"), choice("assertion.scope", "parameter", "claim"),
			text("client_assertion.alg", "client_assertion.audience", "client_assertion.lifetime"), pairs("client_assertion.claims"))},
	}, apiTable(), table{
		{"setup", slices.Concat(text("title", "docs"), list("tags"), text("setup.register_at"), each("setup.steps"), text("setup.client_id_label", "setup.client_secret_label"))},
	})
}
