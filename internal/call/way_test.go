package call

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
)

func TestP23_AnAPIsOwnAuthorityServesItsConnectionAlone(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	out := egress.New(egress.Config{AllowLoopback: true})
	t.Cleanup(out.CloseIdleConnections)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	plain, trusted := limitedTo(api.RateLimitRules{}), limitedTo(api.RateLimitRules{})
	plain.BaseURL, trusted.BaseURL = base, base
	trusted.TLS.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	e := New(several{"plain": plain, "trusted": trusted}, out.Transport(), Options{Open: openFake})
	for range 2 {
		if _, body, err := fetch(t.Context(), e, "trusted", "/"); err != nil || body != "hello" {
			t.Errorf("%q, %v", body, err)
		}
		if _, _, err := fetch(t.Context(), e, "plain", "/"); !fault.Is(err, api.CodeUnreachable) {
			t.Errorf("without the authority: %v", err)
		}
	}
}

func TestAWayThatCannotKeepToAnAuthorityIsNotTaken(t *testing.T) {
	r := newRig(t, "", nil)
	r.credentials.target.TLS.CA = "any"
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/"}); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
}

// asking is a transport that notes which trust was asked for.
type asking struct {
	roundTrip
	asked []egress.Trust
}

func (a *asking) Trusting(t egress.Trust) (http.RoundTripper, error) {
	a.asked = append(a.asked, t)
	return a.roundTrip, nil
}

func TestTheClientsCertificateIsShownWhereTheConnectionSaysSo(t *testing.T) {
	yes := true
	a := &asking{roundTrip: func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
	}}
	shown, plain := limitedTo(api.RateLimitRules{}), limitedTo(api.RateLimitRules{})
	shown.TLS.ClientCertificate = &yes
	kept := "PEM"
	e := New(several{"shown": shown, "plain": plain}, a, Options{Open: openFake, ClientKey: func(*broker.Credential) (secret.Text, error) {
		return secret.NewText(kept), nil
	}})
	for _, name := range []string{"plain", "shown"} {
		if _, _, err := fetch(t.Context(), e, name, "/"); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.asked) != 1 || string(a.asked[0].Pair) != "PEM" {
		t.Errorf("asked for %+v", a.asked)
	}
	kept = ""
	if _, _, err := fetch(t.Context(), e, "shown", "/"); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("a client without a key: %v", err)
	}
}

func TestAConnectionShowsACertificateOfItsOwn(t *testing.T) {
	a := &asking{roundTrip: func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
	}}
	target := limitedTo(api.RateLimitRules{})
	e := New(several{"mail": target}, a, Options{Open: openFake, ClientKey: func(*broker.Credential) (secret.Text, error) {
		return secret.NewText("the client's"), nil
	}, ReadFile: func(path string) ([]byte, error) { return []byte("PEM of " + path), nil },
		Getenv: func(name string) string {
			return map[string]string{"VALETKEY_CERTIFICATE_A": "PEM of A", "HOME": "x"}[name]
		}})
	for setting, want := range map[string]string{
		"file:/a.pem": "PEM of /a.pem", "env:VALETKEY_CERTIFICATE_A": "PEM of A", "env:VALETKEY_CERTIFICATE_B": "", "env:HOME": "",
	} {
		target.TLS.Certificate, a.asked = setting, nil
		_, _, err := fetch(t.Context(), e, "mail", "/")
		switch {
		case want == "" && !fault.Is(err, api.CodeNeedsConfiguration):
			t.Errorf("%s: %v", setting, err)
		case want != "" && (err != nil || len(a.asked) != 1 || string(a.asked[0].Pair) != want):
			t.Errorf("%s: %v, %v", setting, a.asked, err)
		}
	}
}

func TestAConnectionGoesThroughItsAgents(t *testing.T) {
	a := &asking{roundTrip: func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
	}}
	inside, outside := limitedTo(api.RateLimitRules{}), limitedTo(api.RateLimitRules{})
	inside.Agent = api.StringList{"plant", "spare"}
	e := New(several{"inside": inside, "outside": outside}, a, Options{Open: openFake})
	for _, name := range []string{"outside", "inside"} {
		if _, _, err := fetch(t.Context(), e, name, "/"); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.asked) != 1 || a.asked[0].Agents != "plant spare" {
		t.Errorf("asked for %+v", a.asked)
	}
}
