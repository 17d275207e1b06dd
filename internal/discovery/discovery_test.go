package discovery_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/fault"
)

// site is a server whose well-known addresses answer as a test says.
type site struct {
	*httptest.Server
	asked  []string
	answer func(path string) (status int, body string)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.URL.Path)
		status, body := s.answer(r.URL.Path)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) metadata(issuer string) string {
	return `{"issuer":"` + issuer + `","token_endpoint":"` + s.URL + `/token"}`
}

func at(now *time.Time) func() time.Time { return func() time.Time { return *now } }

func TestAServerIsFoundAtAnyOfItsAddressesAndRemembered(t *testing.T) {
	s := newSite(t)
	issuer := s.URL + "/tenant"
	s.answer = func(path string) (int, string) {
		if path == "/tenant/.well-known/openid-configuration" {
			return 200, s.metadata(issuer)
		}
		return 404, ""
	}
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	servers := discovery.New(http.DefaultClient, at(&now))
	for range 2 {
		server, err := servers.Find(t.Context(), issuer)
		if err != nil || server.TokenEndpoint != s.URL+"/token" {
			t.Fatalf("%+v %v", server, err)
		}
	}
	want := "/.well-known/oauth-authorization-server/tenant /.well-known/openid-configuration/tenant /tenant/.well-known/openid-configuration"
	if got := strings.Join(s.asked, " "); got != want {
		t.Fatalf("asked %s", got)
	}
	now = now.Add(25 * time.Hour)
	if _, err := servers.Find(t.Context(), issuer); err != nil || len(s.asked) != 6 {
		t.Fatalf("after a day: %v, asked %d times", err, len(s.asked))
	}
	servers.Forget()
	if _, err := servers.Find(t.Context(), issuer); err != nil || len(s.asked) != 9 {
		t.Fatalf("after forgetting: %v, asked %d times", err, len(s.asked))
	}
}

func TestWhatIsWrongWithAnIssuerIsToldApart(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(*site) (int, string)
		want   api.Code
		words  string
	}{
		"nothing there":  {func(*site) (int, string) { return 404, "" }, api.CodeNeedsConfiguration, "publishes no metadata"},
		"another issuer": {func(s *site) (int, string) { return 200, s.metadata("https://evil.example") }, api.CodeNeedsConfiguration, "evil.example"},
		"a trailing /":   {func(s *site) (int, string) { return 200, s.metadata(s.URL + "/") }, api.CodeNeedsConfiguration, "cannot be used"},
		"a web page":     {func(*site) (int, string) { return 200, "<html>" }, api.CodeNeedsConfiguration, "cannot be used"},
		"down":           {func(*site) (int, string) { return 503, "" }, api.CodeUnreachable, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.answer = func(string) (int, string) { return test.answer(s) }
			_, err := discovery.New(http.DefaultClient, time.Now).Find(t.Context(), s.URL)
			if !fault.Is(err, test.want) || !strings.Contains(err.Error(), test.words) {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestTheDialersWordsAreKept(t *testing.T) {
	dialing := fault.New(api.CodeNeedsConfiguration, "10.0.0.1 is a private address").WithHint("--allow-private")
	_, err := discovery.New(failing{dialing}, time.Now).Find(t.Context(), "https://login.example")
	if !errors.Is(err, dialing) {
		t.Fatalf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Do(*http.Request) (*http.Response, error) { return nil, f.err }
