package call

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/target"
)

// maxHops is how many redirects of one request are followed.
const maxHops = 10

// following follows redirects where the connection says so. Without a word of
// it they go to the caller, who may follow them through another connection.
func following(once step) step {
	return func(ctx context.Context, credential *broker.Credential, o *outgoing) (*http.Response, error) {
		target := credential.Target
		if target.Redirects == "" || target.Redirects == api.RedirectsNone {
			return once(ctx, credential, o)
		}
		hop := *o
		for hops := 0; ; hops++ {
			response, err := once(ctx, credential, &hop)
			o.away = hop.away
			if err != nil || hops == maxHops || !hop.redirect(target, response) {
				return response, err
			}
			discard(response)
		}
	}
}

// redirect turns the request into the one that an answer leads to (RFC 9110
// section 15.4). It reports false when the answer leads nowhere, or not where
// this connection may go, or the request's body is gone.
func (o *outgoing) redirect(target *target.Target, response *http.Response) bool {
	to := o.destination(target, response)
	if to == nil {
		return false
	}
	home := sameOrigin(to, target.BaseURL)
	if !home && target.Redirects != api.RedirectsAll || isSet(target.AuthError.LoginPage) && leadsToLogin(target, to.String()) {
		return false
	}
	switch response.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound:
		if o.Method == http.MethodPost {
			o.asGet()
		}
	case http.StatusSeeOther:
		if o.Method != http.MethodHead {
			o.asGet()
		}
	}
	if o.streamed {
		return false
	}
	// Who has been led away is not led home again: the other server would
	// choose what is asked with the token.
	o.at, o.away = to, o.away || !home
	return true
}

// destination is where an answer leads, if that is an address a request can go
// to; nil otherwise.
func (o *outgoing) destination(target *target.Target, response *http.Response) *url.URL {
	switch response.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	location := response.Header.Get("Location")
	from := response.Request
	if location == "" || from == nil || from.URL == nil || o.Upgrade != "" {
		return nil
	}
	to, err := from.URL.Parse(location)
	if err != nil || to.Host == "" || to.User != nil || to.Scheme != "https" && to.Scheme != target.BaseURL.Scheme {
		return nil
	}
	if !strings.EqualFold(to.Scheme, "http") && !strings.EqualFold(to.Scheme, "https") {
		return nil
	}
	to.Fragment, to.RawFragment = "", ""
	return to
}

// asGet drops the body: the answer is to be fetched elsewhere.
func (o *outgoing) asGet() {
	o.Method, o.Body, o.ContentLength, o.Trailer, o.kept, o.streamed = http.MethodGet, nil, 0, nil, nil, false
	o.Header = maps.Clone(o.Header)
	for name := range o.Header {
		if strings.HasPrefix(http.CanonicalHeaderKey(name), "Content-") {
			delete(o.Header, name)
		}
	}
}

// location is the URL of the next attempt.
func (o *outgoing) location(target *target.Target) (*url.URL, error) {
	if o.at == nil {
		return locate(target.BaseURL, o.Path, o.RawQuery)
	}
	next := *o.at
	return &next, nil
}

// harmless keeps the fields that tell another server nothing but what kind of
// answer is wanted. Any other could be a credential of the API.
func harmless(header http.Header) http.Header {
	kept := make(http.Header)
	for name, values := range header {
		switch name {
		case "Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "Content-Encoding", "User-Agent",
			"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since":
			kept[name] = values
		}
	}
	return kept
}
