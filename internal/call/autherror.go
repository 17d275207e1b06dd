package call

import (
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
)

// statusesOfRefusal is what api.auth_error.statuses is when it is not set.
func statusesOfRefusal() []int { return []int{http.StatusUnauthorized} }

// refuses says whether an answer means that the API does not accept the token,
// so that another token may help.
func (e *Engine) refuses(target *target.Target, o *outgoing, response *http.Response) bool {
	if o.away {
		return false // it comes from another server, which never saw the token
	}
	if quick := response.StatusCode < 300 && target.AuthError.Path == "" && target.AuthError.Header == ""; quick &&
		len(target.AuthError.Statuses) == 0 && target.AuthError.LoginPage == nil {
		return false
	}
	if judged := e.challenged(response); judged != nil {
		return judged.Action == oauth.ActionRefresh
	}
	if picks(target.AuthError.AnswerRule, response, target.MediaTypes, statusesOfRefusal(), http.StatusUnauthorized) {
		return true
	}
	return isSet(target.AuthError.LoginPage) && asksToSignIn(target, o, response)
}

// challenged is what a challenge with an error code says (RFC 6750 section
// 3.1): a token that is too narrow, or a sign-in that is too weak, is not
// mended by another token of the same grant.
func (e *Engine) challenged(response *http.Response) *oauth.Error {
	if response.StatusCode < 400 || len(response.Header["Www-Authenticate"]) == 0 {
		return nil
	}
	judged := oauth.JudgeAPI(response.StatusCode, response.Header, e.now())
	if judged == nil || judged.Code == oauth.CodeHTTPStatus {
		return nil
	}
	return judged
}

// asksToSignIn recognises an API that shows a person the way to sign in
// instead of saying that it refuses the token.
func asksToSignIn(target *target.Target, o *outgoing, response *http.Response) bool {
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return leadsToLogin(target, response.Header.Get("Location"))
	}
	if response.StatusCode >= 500 || strings.Contains(strings.Join(o.Header.Values("Accept"), ","), "text/html") {
		return false
	}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return err == nil && (kind == "text/html" || kind == "application/xhtml+xml")
}

// leadsToLogin says whether a redirect goes where a person would sign in: to
// the authorization server, or, where that is the API's own host, to its
// authorization endpoint.
func leadsToLogin(target *target.Target, location string) bool {
	to, err := target.BaseURL.Parse(location)
	if err != nil || location == "" {
		return false
	}
	for _, login := range target.Logins {
		if !strings.EqualFold(to.Host, login.Host) {
			continue
		}
		if !sameOrigin(login, target.BaseURL) || underLogin(to, login) {
			return true
		}
	}
	return false
}

func underLogin(to, login *url.URL) bool {
	path := strings.TrimSuffix(login.Path, "/")
	return path != "" && (to.Path == path || strings.HasPrefix(to.Path, path+"/"))
}

func isSet(b *bool) bool { return b != nil && *b }
