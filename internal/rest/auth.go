package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/fault"
)

// keyHeader carries the key where Authorization is not free for it.
const keyHeader = "X-Valetkey-Key"

type (
	operatorMark struct{}
	callerMark   struct{}
)

// AsOperator marks every request of h as the operator's, who needs no key. Put
// it around the handler of the unix socket and of the one in this process, and
// around nothing else.
func AsOperator(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operatorMark{}, true)))
	})
}

// caller says who sent a request.
func (s *Server) caller(r *http.Request) (access.Principal, error) {
	if r.Context().Value(operatorMark{}) != nil {
		return access.Operator(), nil
	}
	key, err := keyOf(r.Header)
	if err != nil {
		return access.Principal{}, err
	}
	return s.config.Keys.Check(r.Context(), key)
}

// keyOf is the key that a request shows (RFC 6750 section 2.1).
func keyOf(header http.Header) (string, error) {
	own, bearer := header.Values(keyHeader), header.Values("Authorization")
	if len(own) > 1 || (len(own) == 0 && len(bearer) > 1) {
		return "", fault.New(api.CodeUnauthenticated, "more than one key was sent")
	}
	if len(own) == 1 {
		return strings.TrimSpace(own[0]), nil
	}
	if len(bearer) == 0 {
		return "", nil
	}
	scheme, key, _ := strings.Cut(bearer[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", fault.New(api.CodeUnauthenticated, "the Authorization header does not hold a key").
			WithHint("write it as Authorization: Bearer vk_…")
	}
	return strings.TrimSpace(key), nil
}

func withCaller(ctx context.Context, p access.Principal) context.Context {
	return context.WithValue(ctx, callerMark{}, p)
}

// callerOf is who sent a request that was admitted. Without one it may do nothing.
func callerOf(r *http.Request) access.Principal {
	p, _ := r.Context().Value(callerMark{}).(access.Principal)
	return p
}

// signedIn is the right to routes that show each caller what is theirs.
func signedIn(access.Principal, *http.Request) error { return nil }

// settings reads what belongs to no single connection.
func settings(p access.Principal, _ *http.Request) error { return allowed(p.MayReadSettings(), p) }

// administer changes what belongs to no single connection.
func administer(p access.Principal, _ *http.Request) error { return allowed(p.MayAdminister(), p) }

// reads sees the status of the connection in the path.
func reads(p access.Principal, r *http.Request) error {
	return reach(p, r.PathValue("name"), access.Principal.MayRead)
}

// calls sends requests through the connection in the path.
func calls(p access.Principal, r *http.Request) error {
	return reach(p, r.PathValue("name"), access.Principal.MayCall)
}

// holds sees the token of the connection in the path.
func holds(p access.Principal, r *http.Request) error {
	return reach(p, r.PathValue("name"), access.Principal.MayReadToken)
}

// owns changes the connection in the path.
func owns(p access.Principal, r *http.Request) error {
	return reach(p, r.PathValue("name"), func(p access.Principal, _ string) bool { return p.MayAdminister() })
}

// reach decides over one connection. A caller who may not know of it learns
// nothing from the refusal.
func reach(p access.Principal, connection string, may func(access.Principal, string) bool) error {
	if !p.MayRead(connection) {
		return access.NoConnection(connection)
	}
	return allowed(may(p, connection), p)
}

func allowed(ok bool, p access.Principal) error {
	if ok {
		return nil
	}
	return fault.New(api.CodeForbidden, "the key %q has the role %s, which does not reach this far", p.Name, p.Role).
		WithHint("use a key of another role; an operator makes one: valetkey key create NAME --role ROLE")
}

// authorizeProxy lets a request through to package proxy when its caller may
// call the connection that the raw path names. The name must stand there
// unescaped, so that nobody downstream can read another one.
func (s *Server) authorizeProxy(w http.ResponseWriter, r *http.Request) {
	p, err := s.caller(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name := strings.TrimPrefix(rawPath(r), proxyPrefix)
	if end := strings.IndexAny(name, "/?"); end >= 0 {
		name = name[:end]
	}
	if !namePattern.MatchString(name) {
		s.fail(w, r, access.NoConnection(name))
		return
	}
	if err := reach(p, name, access.Principal.MayCall); err != nil {
		s.fail(w, r, err)
		return
	}
	if err := s.calling.Enter(p.Name); err != nil {
		w.Header().Set("Retry-After", "1")
		s.fail(w, r, err)
		return
	}
	defer s.calling.Leave(p.Name)
	// The key is for us alone. An Authorization beside X-Valetkey-Key goes too:
	// the token takes its place.
	r.Header.Del(keyHeader)
	r.Header.Del("Authorization")
	s.config.Proxy.ServeHTTP(w, r)
}

const proxyPrefix = "/proxy/"

// rawPath is the path and query as they were sent, with every escape.
func rawPath(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.RequestURI() // a request that came in memory
}
