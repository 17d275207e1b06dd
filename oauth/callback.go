package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// NoCode as the only code name says that the provider's redirect carries no
// code: consent is given, and tokens come by another grant.
const NoCode = "-"

const maxParam = 16 << 10

// AuthorizationResponse is what came back on the redirect URI
// (RFC 6749 §4.1.2). Until Verify has passed, nothing in it may be believed or
// shown. It redacts the code wherever it is printed.
type AuthorizationResponse struct {
	Code             string
	State            string
	Issuer           string // iss, RFC 9207
	Error            string
	ErrorDescription string // sanitized
	ErrorURI         string // http or https, or empty
	// Params is every other parameter, sanitized: what a provider adds, such
	// as the account's host.
	Params url.Values
}

// ParseAuthorizationResponse reads the parameters of a callback, from its query
// or its form body. codeNames are the names the provider gives the code;
// without any it is "code". It refuses parameters sent twice, a code together
// with an error, and neither of both; unknown parameters are ignored
// (RFC 6749 §4.1.2). The error is an *Error that quotes nothing received.
func ParseAuthorizationResponse(v url.Values, codeNames ...string) (AuthorizationResponse, error) {
	var r AuthorizationResponse
	if len(codeNames) == 0 {
		codeNames = []string{"code"}
	}
	known := append([]string{"state", "iss", "error", "error_description", "error_uri"}, codeNames...)
	for _, name := range known {
		if len(v[name]) > 1 {
			return r, refused(CodeDuplicate, "the authorization response repeats a parameter")
		}
		if len(v.Get(name)) > maxParam {
			return r, refused(CodeInvalidResponse, "the authorization response holds a parameter of more than 16 KiB")
		}
	}
	r.State, r.Issuer = v.Get("state"), v.Get("iss")
	r.ErrorDescription = sanitize(v.Get("error_description"), nil)
	r.ErrorURI = errorURI(v.Get("error_uri"))
	if raw := v.Get("error"); raw != "" {
		if r.Error = errorCode(raw); r.Error == "" {
			r.Error = CodeUnrecognized
		}
	}
	for _, name := range codeNames {
		if r.Code == "" {
			r.Code = v.Get(name)
		}
	}
	r.Params = otherParams(v, known)
	return r, r.check(codeNames)
}

func (r AuthorizationResponse) check(codeNames []string) error {
	switch {
	case r.Code != "" && r.Error != "":
		return refused(CodeInvalidResponse, "the authorization response holds both a code and an error")
	case !visible(r.Code) || !visible(r.State):
		return refused(CodeInvalidResponse, "the authorization response holds characters that do not belong there")
	case r.Code == "" && r.Error == "" && !slices.Contains(codeNames, NoCode):
		return refused(CodeInvalidResponse, "the authorization response holds neither a code nor an error")
	}
	return nil
}

// visible is VSCHAR of RFC 6749 Appendix A: what code, state and tokens are
// made of. It keeps CR and LF out of headers.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func otherParams(v url.Values, known []string) url.Values {
	out := url.Values{}
	for name, values := range v {
		if slices.Contains(known, name) || secretName(name) || sanitize(name, nil) != name {
			continue
		}
		for _, value := range values {
			out.Add(name, sanitize(value, nil))
		}
	}
	return out
}

// Verify tells whether the response answers our request: the state is the one
// sent (compared in constant time), and the issuer is the one asked, by the
// rules of RFC 9207 §2.4. An issuer that was not promised is compared all the
// same when ours is known; one that was promised must be there. On any failure
// no token request may be made, and nothing of the response may be shown: it
// may be from another server. The error is an *Error.
func (r AuthorizationResponse) Verify(expectedState string, s Server) error {
	// Hashing first makes the comparison independent of the length too.
	got, want := sha256.Sum256([]byte(r.State)), sha256.Sum256([]byte(expectedState))
	if expectedState == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return refused(CodeStateMismatch, "the authorization response does not belong to a flow that was started here")
	}
	if r.Issuer == "" {
		if s.IssParameterSupported {
			return refused(CodeIssuerMismatch, "the authorization response does not name its issuer, though the server says it always does")
		}
		return nil
	}
	if s.Issuer != "" && !sameIssuer(s.Issuer, r.Issuer) {
		return refused(CodeIssuerMismatch, "the authorization response comes from another issuer than the one asked")
	}
	return nil
}

// Failure gives the error the server reported, classified, or nil when there is
// a code. Call it after Verify.
func (r AuthorizationResponse) Failure() error {
	if r.Error == "" {
		return nil
	}
	return &Error{
		Code:        r.Error,
		Description: r.ErrorDescription,
		URI:         r.ErrorURI,
		Grant:       GrantAuthorizationCode,
		Action:      Classify(Signal{At: AtAuthorization, Code: r.Error, Grant: GrantAuthorizationCode}),
	}
}

const tenantTemplate = "{tenantid}"

// sameIssuer compares code point by code point (RFC 8414 §3.3, RFC 9207 §2.4).
// A server whose metadata was accepted with AllowIssuerTemplate stands for any
// value of that one path segment.
func sameIssuer(known, got string) bool {
	before, after, template := strings.Cut(known, tenantTemplate)
	if !template {
		return known == got
	}
	middle, ok := strings.CutPrefix(got, before)
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, after)
	return ok && middle != "" && !strings.ContainsFunc(middle, func(c rune) bool { return !unreserved(c) })
}

// String tells what kind of response it is, and nothing of the code.
func (r AuthorizationResponse) String() string {
	if r.Error != "" {
		return "authorization response: error " + r.Error
	}
	return "authorization response: code withheld"
}

// GoString is String: %#v must not show more.
func (r AuthorizationResponse) GoString() string {
	return "oauth.AuthorizationResponse{" + r.String() + "}"
}

// Format redacts for every verb.
func (r AuthorizationResponse) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r AuthorizationResponse) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r AuthorizationResponse) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
