package egress

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// newProxy is an HTTP proxy that answers by itself what it was asked for.
func newProxy(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.String()+" "+r.Header.Get("Proxy-Authorization"))
	}))
	t.Cleanup(server.Close)
	return server
}

func sent(t *testing.T, way http.RoundTripper, address string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := way.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestTheOperatorsProxyMayStandAnywhereAndOpensNothingElse(t *testing.T) {
	proxy := newProxy(t)
	withUser := strings.Replace(proxy.URL, "http://", "http://ann:pw@", 1)
	outbound, err := ReadOutbound(withUser, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	e := New(Config{Outbound: outbound}) // loopback is refused otherwise
	t.Cleanup(e.CloseIdleConnections)
	body, err := sent(t, e, "http://api.contoso.example/v1")
	if err != nil || body != "http://api.contoso.example/v1 Basic YW5uOnB3" {
		t.Errorf("%q, %v", body, err)
	}
	if body, err := sent(t, e, "http://10.0.0.7/"); err == nil {
		t.Errorf("the proxy opened a private address: %q", body)
	}
	if _, err := sent(t, e, "http://127.0.0.1:1/"); err == nil {
		t.Error("this machine was reached")
	}
}

func TestAConnectionsProxyIsJudgedLikeAnyAddress(t *testing.T) {
	proxy := newProxy(t)
	open, closed := New(Config{AllowLoopback: true}), New(Config{})
	t.Cleanup(open.CloseIdleConnections)
	way, err := open.Trusting(Trust{Proxy: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := sent(t, way, "http://api.contoso.example/x"); err != nil || body != "http://api.contoso.example/x " {
		t.Errorf("%q, %v", body, err)
	}
	refused, err := closed.Trusting(Trust{Proxy: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := sent(t, refused, "http://api.contoso.example/x"); err == nil {
		t.Errorf("a proxy on a refused address was used: %q", body)
	}
	if again, _ := open.Trusting(Trust{Proxy: proxy.URL}); again != way {
		t.Error("the same proxy has two pools")
	}
	if _, err := open.Trusting(Trust{Proxy: "ftp://secret@x"}); !fault.Is(err, api.CodeNeedsConfiguration) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestTheOutboundProxyIsReadFromTheSettingElseFromTheEnvironment(t *testing.T) {
	environment := map[string]string{"HTTPS_PROXY": "http://secure:1", "http_proxy": "plain:2", "NO_PROXY": "skip.example"}
	for name, test := range map[string]struct {
		setting, address, proxy string
		environment             map[string]string
	}{
		"the environment":        {"", "https://api.example", "http://secure:1", environment},
		"in small letters":       {"", "http://api.example", "http://plain:2", environment},
		"an exception":           {"", "https://skip.example", "", environment},
		"an empty environment":   {"", "https://api.example", "", nil},
		"none":                   {"none", "https://api.example", "", environment},
		"the setting":            {"socks5://own:3", "https://api.example", "socks5://own:3", environment},
		"the setting, exception": {"http://own:3", "https://skip.example", "", environment},
		"this machine":           {"http://own:3", "http://localhost:80", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			outbound, err := ReadOutbound(test.setting, func(name string) string { return test.environment[name] })
			if err != nil {
				t.Fatal(err)
			}
			var got *url.URL
			if outbound.choose != nil {
				request := httptest.NewRequest(http.MethodGet, test.address, nil)
				if got, err = outbound.choose(request); err != nil {
					t.Fatal(err)
				}
			}
			if got == nil && test.proxy != "" || got != nil && got.String() != test.proxy {
				t.Errorf("got %v", got)
			}
		})
	}
	for _, wrong := range []string{"proxy", "ftp://x", "http://", "http://user:pw@x:y"} {
		if _, err := ReadOutbound(wrong, func(string) string { return "" }); !fault.Is(err, api.CodeNeedsConfiguration) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := ReadOutbound("", func(name string) string { return map[string]string{"HTTP_PROXY": "ftp://x"}[name] }); err == nil {
		t.Error("a wrong address in the environment was taken")
	}
}
