package celigo

import (
	"regexp"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

var handlebars = regexp.MustCompile(`\{\{\{?\s*([^{}]*?)\s*\}?\}\}`)

// counterpart is what we call a path of a Handlebars template.
func counterpart(path string) string {
	for _, prefix := range []string{"connection.", "this.", "iClient."} {
		path = strings.TrimPrefix(path, prefix)
	}
	switch path {
	case "http._iClient.oauth2.clientId", "http.auth.oauth.clientId", "clientId", "http.iClient.oauth2.clientId", "oauth2.clientId":
		return "client_id"
	case "http._iClient.oauth2.clientSecret", "http.auth.oauth.clientSecret", "clientSecret", "http.iClient.oauth2.clientSecret", "oauth2.clientSecret":
		return "client_secret"
	case "http.auth.token.token", "http.auth.oauth.accessToken", "http.auth.token.accessToken":
		return "access_token"
	case "http.auth.token.refreshToken", "http.auth.oauth.refreshToken":
		return "refresh_token"
	case "redirect_uri", "http.auth.oauth.redirectURI", "redirectUri":
		return "redirect_uri"
	}
	for _, prefix := range []string{"http.unencrypted.", "http.encrypted.", "settings.", "http."} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			return draft.VariableName(rest)
		}
	}
	return draft.VariableName(path)
}

// template writes Handlebars as our {name}. A helper such as {{{join …}}} has
// no counterpart, which is said; the text is then not to be used.
func (r *reader) template(v draft.Value, text string) (string, bool) {
	whole := true
	filled := handlebars.ReplaceAllStringFunc(text, func(match string) string {
		path := handlebars.FindStringSubmatch(match)[1]
		name := counterpart(path)
		if name == "" || strings.ContainsAny(path, " ()#/\"'") {
			whole = false
			return ""
		}
		return "{" + name + "}"
	})
	if !whole {
		r.note(v, "a Handlebars expression", "only the names of fields have a counterpart", "write it by hand: docs/providers.md")
	}
	return filled, whole
}

// text is a member with its templates as ours; empty where they have no
// counterpart.
func (r *reader) text(v draft.Value) string {
	text, whole := r.template(v, strings.TrimSpace(v.Text()))
	if !whole {
		return ""
	}
	return text
}
