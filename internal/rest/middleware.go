package rest

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/intake"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/secret"
)

// requestIDHeader names a request in answers and in the log.
const requestIDHeader = "Valetkey-Request-Id"

func (s *Server) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(requestIDHeader, s.config.RequestID())
		next.ServeHTTP(w, r)
	})
}

// withRecovery turns a panic into an error answer. [http.ErrAbortHandler] goes
// on: it is how an answer that breaks off is cut.
func (s *Server) withRecovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				// What was thrown may hold anything, so only its kind is logged.
				s.fail(w, r, fault.Wrap(fmt.Errorf("panic: %s\n%s", kindOf(v), debug.Stack()), api.CodeInternal,
					"something went wrong inside Valetkey").WithHint("the server's log has the details under the same request id"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func kindOf(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// dispatch sends a request to the proxy by its raw path, which a mux would
// clean, and everything else to the mux. For which user a request is made goes
// on with it, and is no header any more.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	if status, err := intake.Oversized(r, rawPath(r)); err != nil {
		w.Header().Set("Connection", "close")
		s.fail(w, r, &statusError{status, err})
		return
	}
	if subject := r.Header.Get(onbehalf.Header); subject != "" {
		r = r.WithContext(onbehalf.With(r.Context(), secret.NewText(subject)))
		r.Header.Del(onbehalf.Header)
	}
	if strings.HasPrefix(rawPath(r), proxyPrefix) {
		s.authorizeProxy(w, r)
		return
	}
	if isAPI(r.URL.Path) {
		noStore(w.Header())
		s.api.ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func isAPI(path string) bool { return path == "/v1" || strings.HasPrefix(path, "/v1/") }

func noStore(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}

// crossSiteCheck refuses writes that a page of another site has a browser
// send. Such a page has no key either way; this is the second lock.
func crossSiteCheck(next http.Handler) http.Handler {
	check := http.NewCrossOriginProtection()
	check.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, r, fault.New(api.CodeForbidden, "a page of another site sent this request").
			WithHint("call the API from a program, not from another site's page"))
	}))
	return check.Handler(next)
}

// noRoute answers for a path under /v1/ that has no route, or not for this method.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	var methods []string
	for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE"} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "/v1/" {
			methods = append(methods, method)
		}
	}
	if len(methods) == 0 {
		notFound(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	s.fail(w, r, &statusError{http.StatusMethodNotAllowed,
		fault.New(api.CodeInvalid, "this path has no %s", clip(r.Method)).WithHint("it has %s", strings.Join(methods, ", "))})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	WriteError(w, r, fault.New(api.CodeNotFound, "there is nothing at this path").WithHint("/docs lists every path"))
}

// fail answers with an error, and logs it when it is a defect or our own outage.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if shown := fault.As(err); shown.Code == api.CodeInternal || shown.Code == api.CodeUnavailable {
		s.config.Log.Error("request failed",
			slog.String("request_id", w.Header().Get(requestIDHeader)),
			slog.String("method", r.Method),
			slog.String("route", r.Pattern),
			slog.Any("error", reasons(shown)))
	}
	WriteError(w, r, err)
}

func reasons(e *fault.Error) error {
	if e.Cause != nil {
		return e.Cause
	}
	return e
}
