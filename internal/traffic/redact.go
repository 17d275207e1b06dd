package traffic

import (
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
)

// harmless are the headers whose values are shown. Any other may hold a
// credential that an API named in its own way.
const harmless = " accept accept-encoding accept-language age allow cache-control content-disposition content-encoding content-language content-length content-range content-type date etag expires if-match if-modified-since if-none-match last-modified prefer preference-applied range ratelimit ratelimit-limit ratelimit-policy ratelimit-remaining ratelimit-reset request-id retry-after server transfer-encoding user-agent valetkey-attempts valetkey-error valetkey-waited vary x-correlation-id x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset x-request-id odata-version "

// telling are the parts of a name that say that its value is a secret.
var telling = regexp.MustCompile(`(?i)token|secret|passw|pwd|auth|key|code|assertion|signature|^sig$|session|credential|bearer|cookie|jwt|otp|^pin$`)

// jsonMember is a member of a JSON object with a text or number as its value.
var jsonMember = regexp.MustCompile(`"((?:[^"\\]|\\.){1,80})"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|…?$)|-?[0-9][0-9.eE+-]*)`)

// anyJWT is a JSON web token, wherever it stands.
var anyJWT = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)?`)

func redactedHeader(header http.Header) http.Header {
	shown := make(http.Header, len(header))
	for name, values := range header {
		if strings.Contains(harmless, " "+strings.ToLower(name)+" ") {
			shown[name] = values
			continue
		}
		shown[name] = []string{api.Mask}
	}
	return shown
}

func redactedPath(path, query string) string {
	path, own, _ := strings.Cut(path, "?")
	path = anyJWT.ReplaceAllString(path, api.Mask)
	both := strings.Trim(own+"&"+query, "&")
	if both == "" {
		return path
	}
	return path + "?" + redactedForm(both)
}

// redactedForm masks the values whose names tell that they are secret, and
// leaves the rest as it was written.
func redactedForm(form string) string {
	pairs := strings.Split(form, "&")
	for i, pair := range pairs {
		name, _, found := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if found && (err != nil || telling.MatchString(plain)) {
			pairs[i] = name + "=" + api.Mask
		}
	}
	return anyJWT.ReplaceAllString(strings.Join(pairs, "&"), api.Mask)
}

func redactedBody(contentType, body string) string {
	if body == "" {
		return ""
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == "application/x-www-form-urlencoded":
		return redactedForm(body)
	case kind == "" || kind == "text/plain" || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") || kind == "text/html" || kind == "text/csv":
	default:
		return "(" + kind + ", not shown)"
	}
	if cut := strings.TrimSuffix(body, "…"); !utf8.ValidString(cut) && len(cut) < maxShown {
		return "(not text, not shown)"
	}
	body = strings.ToValidUTF8(body, "")
	body = jsonMember.ReplaceAllStringFunc(body, func(member string) string {
		parts := jsonMember.FindStringSubmatch(member)
		if !telling.MatchString(parts[1]) {
			return member
		}
		return `"` + parts[1] + `"` + parts[2] + `"` + api.Mask + `"`
	})
	return anyJWT.ReplaceAllString(body, api.Mask)
}
