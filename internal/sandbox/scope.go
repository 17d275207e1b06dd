package sandbox

import (
	"slices"
	"strings"
)

// The scopes that something in this package looks for.
const (
	scopeOpenID   = "openid"
	scopeOffline  = "offline_access"
	scopeUserRead = "User.Read"
	scopeMailRead = "Mail.Read"
	scopeMailSend = "Mail.Send"
	scopeAllUsers = "User.Read.All" // an application permission: no user is present
)

// scopeInfo is one delegated scope and what consenting to it means.
type scopeInfo struct {
	Name  string
	Words string
}

// delegatedScopes lists what a user can consent to, in the order of the page.
func delegatedScopes() []scopeInfo {
	return []scopeInfo{
		{scopeOpenID, "Know who you are when you sign in"},
		{"profile", "See your name"},
		{"email", "See your e-mail address"},
		{scopeUserRead, "Read your profile"},
		{scopeMailRead, "Read your mail"},
		{scopeMailSend, "Send mail as you"},
		{scopeOffline, "Keep this access when you are not here"},
	}
}

func scopeNames() []string {
	var names []string
	for _, s := range delegatedScopes() {
		names = append(names, s.Name)
	}
	return names
}

// splitScope parses a scope parameter (RFC 6749 section 3.3), each scope once.
func splitScope(s string) []string {
	var out []string
	for name := range strings.FieldsSeq(s) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// unknownScope returns the first of asked that is not in known.
func unknownScope(asked, known []string) (string, bool) {
	for _, name := range asked {
		if !slices.Contains(known, name) {
			return name, true
		}
	}
	return "", false
}

// explainScopes pairs scopes with their words, in the order of the page.
func explainScopes(scopes []string) []scopeInfo {
	var out []scopeInfo
	for _, s := range delegatedScopes() {
		if slices.Contains(scopes, s.Name) {
			out = append(out, s)
		}
	}
	return out
}

// applicationScopes reads the scope of a client_credentials request: empty or
// "…/.default" means all application permissions, as Microsoft's does.
func applicationScopes(asked []string) ([]string, *oauthError) {
	for _, name := range asked {
		if name != scopeAllUsers && name != ".default" && !strings.HasSuffix(name, "/.default") {
			return nil, badRequest("invalid_scope", "client_credentials has no user: ask for "+scopeAllUsers+" or .default")
		}
	}
	return []string{scopeAllUsers}, nil
}
