package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth/lenient"
)

// Token is what a token endpoint gave (RFC 6749 §5.1). It redacts itself
// wherever it is printed.
type Token struct {
	AccessToken  string
	RefreshToken string // empty when the answer held none: the old one stays good, see Inherit
	TokenType    string // as received; empty when missing
	IDToken      string // not verified
	Scope        []string
	ScopeGiven   bool // false means granted as requested (RFC 6749 §5.1)

	ExpiresIn        time.Duration // 0 to one year; counts only with ExpiryKnown
	ExpiryKnown      bool          // false: use it until the API refuses it
	Received         time.Time
	ExpiresAt        time.Time // zero unless ExpiryKnown
	RefreshExpiresAt time.Time // zero when the server does not say

	// Fields is the rest of the document without what is secret: what a
	// provider adds, such as the account's host. Look reads it by pointer.
	Fields   map[string]any
	Warnings []Warning
	// Sets are the further tokens of the same answer, by the name that
	// [ResponseRules].TokenSets gives them.
	Sets map[string]Token
}

// Warning names a deviation that was tolerated.
type Warning string

// The warnings a Token can bear.
const (
	WarnTokenTypeMissing  Warning = "token_type_missing"    // Bearer is used
	WarnTokenTypeUnusual  Warning = "token_type_unusual"    // bot; Bearer is used
	WarnRefreshTokenEmpty Warning = "refresh_token_empty"   // it counts as none
	WarnExpiryUnreadable  Warning = "expires_in_unreadable" // no number, no time
	WarnExpiryClamped     Warning = "expires_in_clamped"    // more than a year; a year is used
	WarnExpiredOnArrival  Warning = "expired_on_arrival"    // a lifetime of 0 or less
	WarnScopeUnreadable   Warning = "scope_unreadable"      // neither a string nor a list
	WarnErrorIgnored      Warning = "error_beside_token"    // both in one answer
	WarnTokenSetRefused   Warning = "token_set_refused"     // a further token that cannot be used
)

// ReadTokenResponse judges an answer of the token endpoint and closes its body
// (RFC 6749 §5.1, §5.2). received is the moment the answer began. The error is
// an *Error; one with Salvage may hold the only copy of a new refresh token.
func ReadTokenResponse(resp *http.Response, received time.Time, rules ResponseRules) (Token, error) {
	r, err := ReadResponse(resp, received)
	if err != nil {
		if e := (*Error)(nil); errors.As(err, &e) {
			e.Grant = rules.Asked.Grant
		}
		return Token{}, err
	}
	return r.Token(rules)
}

// Judge is ReadTokenResponse for the answer to this request: what was asked
// decides what an error means, and no secret of the request can come back in
// the error's words.
func (r TokenRequest) Judge(resp *http.Response, received time.Time, rules ResponseRules) (Token, error) {
	rules.Asked.Grant = r.Grant
	rules.Asked.Redact = append(r.Secrets(), rules.Asked.Redact...)
	return ReadTokenResponse(resp, received, rules)
}

// Token judges an answer that was read before; see ReadTokenResponse.
func (r Response) Token(rules ResponseRules) (Token, error) {
	doc, parseErr := r.document(rules.Format)
	switch {
	case r.Status >= 300 && r.Status < 400:
		return Token{}, r.redirected(rules)
	case r.Status < 200 || r.Status >= 400:
		return Token{}, r.failure(doc, rules, AtToken)
	case errors.Is(parseErr, lenient.ErrPage):
		e := r.newError(rules, CodeInvalidResponse, ActionConfigure, "the answer is a web page: a wrong URL, a login page or a captive portal")
		e.Evidence["body"] = r.excerpt(rules)
		return Token{}, e
	case parseErr != nil:
		return Token{}, r.unreadable(rules, "the answer cannot be read: "+parseErr.Error())
	case rules.ErrorWhen.holds(doc), rules.AuthError.matches(r.Status, doc):
		return Token{}, r.failure(doc, rules, AtToken)
	}
	members := tokenMembers(doc, rules)
	t := Token{Received: r.Received, AccessToken: text(members, or(rules.AccessToken, "access_token"))}
	if reportsError(doc) {
		if t.AccessToken == "" {
			return Token{}, r.failure(doc, rules, AtToken)
		}
		t.warn(WarnErrorIgnored)
	}
	if err := r.checkToken(&t, members, rules); err != nil {
		return Token{}, err
	}
	t.readMembers(members, rules)
	t.setExpiry(members, r.Header, rules.ExpiryRules)
	t.setRefreshExpiry(members, rules.ExpiryRules)
	t.Fields = t.publicFields(doc)
	t.readSets(r, doc, rules)
	return t, nil
}

// tokenMembers is the object of an answer that the tokens stand in: that of
// the set that was asked for, or the root. A refresh is of one set, so its
// answer may bring that at the root.
func tokenMembers(doc any, rules ResponseRules) any {
	members, _ := lookup(doc, rules.Root)
	root, ofSet := rules.TokenSets[rules.Asked.TokenSet]
	if !ofSet {
		return members
	}
	set, _ := lookup(doc, root)
	if rules.Asked.Grant == GrantRefreshToken && text(set, or(rules.AccessToken, "access_token")) == "" {
		return members
	}
	return set
}

// readSets judges the further token sets of an answer, each on its own: one
// that is not there is left out, one that cannot be used is a warning, since
// the first token must not be lost for it.
func (t *Token) readSets(r Response, doc any, rules ResponseRules) {
	if rules.Asked.TokenSet != "" {
		return
	}
	for name, root := range rules.TokenSets {
		members, _ := lookup(doc, root)
		if text(members, or(rules.AccessToken, "access_token")) == "" {
			continue
		}
		of := rules
		of.Asked.TokenSet = name
		set, err := r.Token(of)
		if err != nil {
			t.warn(WarnTokenSetRefused)
			continue
		}
		if t.Sets == nil {
			t.Sets = make(map[string]Token)
		}
		t.Sets[name] = set
	}
}

// checkToken refuses an access token that must not be used: none, one that
// would break a header, or one of a type whose use is not known
// (RFC 6749 §7.1).
func (r Response) checkToken(t *Token, members any, rules ResponseRules) error {
	kept := slices.Contains(rules.Keep, "access_token")
	if t.AccessToken == "" && !kept {
		return r.unreadable(rules, "the answer holds no access_token")
	}
	if !visible(t.AccessToken) {
		e := r.unreadable(rules, "the access token holds characters that do not belong in a header")
		e.Code, e.Action = CodeInvalidResponse, ActionConfigure
		return e
	}
	v, _ := lookup(members, or(rules.TokenType, "token_type"))
	t.TokenType, _ = scalarText(v)
	known := func(s string) bool { return strings.EqualFold(s, t.TokenType) }
	switch {
	case t.TokenType == "" && !kept:
		t.warn(WarnTokenTypeMissing)
	case t.TokenType == "" || known("Bearer") || slices.ContainsFunc(rules.TokenTypes, known):
	case known("bot"): // seen in the wild, and used like Bearer
		t.warn(WarnTokenTypeUnusual)
	default:
		e := r.unreadable(rules, "the token_type "+sanitize(t.TokenType, rules.Asked.Redact)+" is not one that can be used")
		e.Code, e.Action = CodeTokenType, ActionConfigure
		return e
	}
	return nil
}

func (t *Token) readMembers(members any, rules ResponseRules) {
	refresh, found := lookup(members, or(rules.RefreshToken, "refresh_token"))
	if t.RefreshToken, _ = refresh.(string); found && t.RefreshToken == "" {
		t.warn(WarnRefreshTokenEmpty)
	}
	t.IDToken = text(members, "id_token")
	scope, found := lookup(members, or(rules.Scope, "scope"))
	switch scope := scope.(type) {
	case string:
		t.Scope = ParseScope(scope, rules.Asked.Separator)
	case []any:
		for _, one := range scope {
			if s, ok := one.(string); ok {
				t.Scope = append(t.Scope, ParseScope(s, rules.Asked.Separator)...)
			}
		}
	case nil:
	default:
		if found {
			t.warn(WarnScopeUnreadable)
		}
	}
	t.ScopeGiven = len(t.Scope) > 0
}

func (t *Token) warn(w Warning) {
	if !slices.Contains(t.Warnings, w) {
		t.Warnings = append(t.Warnings, w)
	}
}

// Granted is the scope that holds: what the answer names, else what was
// requested (RFC 6749 §3.3).
func (t Token) Granted(requested []string) []string {
	if t.ScopeGiven {
		return t.Scope
	}
	return requested
}

// Inherit completes the answer to a refresh from the token before it: a refresh
// token that was not renewed stays (RFC 6749 §6), and so does whatever keep
// names, and the scope when none was given.
func (t Token) Inherit(previous Token, keep ...string) Token {
	if t.RefreshToken == "" {
		t.RefreshToken = previous.RefreshToken
		if t.RefreshExpiresAt.IsZero() {
			t.RefreshExpiresAt = previous.RefreshExpiresAt
		}
	}
	if t.AccessToken == "" && slices.Contains(keep, "access_token") {
		t.AccessToken, t.TokenType = previous.AccessToken, previous.TokenType
	}
	if t.IDToken == "" && slices.Contains(keep, "id_token") {
		t.IDToken = previous.IDToken
	}
	if !t.ScopeGiven {
		t.Scope, t.ScopeGiven = previous.Scope, previous.ScopeGiven
	}
	return t
}

// Look gives the text of a member of Fields by JSON pointer.
func (t Token) Look(pointer string) (string, bool) {
	v, ok := lookup(t.Fields, pointer)
	if !ok {
		return "", false
	}
	return scalarText(v)
}

// publicFields copies the document without what is secret by its name or is
// one of the tokens.
func (t *Token) publicFields(doc any) map[string]any {
	fields, _ := t.public(doc).(map[string]any)
	return fields
}

func (t *Token) public(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if _, isText := member.(string); isText && secretName(name) {
				continue
			}
			if clean := t.public(member); clean != nil {
				out[name] = clean
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, member := range v {
			out = append(out, t.public(member))
		}
		return out
	case string:
		if v != "" && (v == t.AccessToken || v == t.RefreshToken || v == t.IDToken) {
			return nil
		}
	}
	return v
}

// String tells what there is, and none of it.
func (t Token) String() string {
	var has []string
	for name, value := range map[string]string{"access": t.AccessToken, "refresh": t.RefreshToken, "id": t.IDToken} {
		if value != "" {
			has = append(has, name)
		}
	}
	slices.Sort(has)
	s := "token set: " + strings.Join(has, ", ")
	if t.ExpiryKnown {
		s += ", expires " + t.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return s
}

// GoString is String: %#v must not show more.
func (t Token) GoString() string { return "oauth.Token{" + t.String() + "}" }

// Format redacts for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue redacts in log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON redacts: a Token cannot be stored by accident.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }
