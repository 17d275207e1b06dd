package call

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"

	"github.com/valetkey/valetkey/internal/broker"
)

// maxJars bounds the connections whose cookies are remembered.
const maxJars = 10_000

// jars remember the cookies of APIs that keep a session, where a connection
// wants it. Callers never see them, and a new token begins with none: it may
// be another person's.
type jars struct {
	mu    sync.Mutex
	known map[string]*session
}

// session is the cookies of one connection under one token.
type session struct {
	generation int64
	jar        *cookiejar.Jar
}

// of returns the cookies of a connection; nil when it keeps none.
func (j *jars) of(credential *broker.Credential, away bool) *session {
	if !isSet(credential.Target.Cookies) || away {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if known := j.known[credential.Connection]; known != nil && known.generation >= credential.Generation {
		return known
	}
	if j.known == nil || len(j.known) >= maxJars {
		j.known = make(map[string]*session)
	}
	jar, _ := cookiejar.New(nil) // without options it cannot fail; they concern other hosts than one connection has
	made := &session{credential.Generation, jar}
	j.known[credential.Connection] = made
	return made
}

// place puts the cookies into a request.
func (s *session) place(request *http.Request) {
	if s == nil {
		return
	}
	for _, cookie := range s.jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
}

// keep takes the cookies of an answer.
func (s *session) keep(from *url.URL, response *http.Response) {
	if s != nil && len(response.Header["Set-Cookie"]) > 0 {
		s.jar.SetCookies(from, response.Cookies())
	}
}
