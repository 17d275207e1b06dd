package link_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/link/linktest"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// world is links over a broker that does as it is told, with a clock of its own.
type world struct {
	*link.Links
	t           *testing.T
	now         time.Time
	connections map[string]api.ConnectionSpec
	flow        api.Flow // how the attempt stands
	consent     *api.AdminConsentRules
	captured    map[string]string // of every connection
	begun       []api.AuthorizeRequest
	events      []string
	log         bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), connections: map[string]api.ConnectionSpec{"mail": {Client: "app"}}}
	w.flow = api.Flow{Status: api.FlowPending}
	keyring, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	w.Links = link.New(link.Config{
		Broker: w, Store: linktest.NewMemory(), Journal: w, Seal: keyring, HTTP: http.DefaultClient,
		PublicURL: "https://valetkey.example", ReturnOrigins: []string{"https://contoso.com"},
		Now: func() time.Time { return w.now }, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	return w
}

func (w *world) Begin(_ context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error) {
	if _, ok := w.connections[connection]; !ok {
		return api.Authorization{}, fault.New(api.CodeNotFound, "no connection")
	}
	w.begun = append(w.begun, req)
	w.flow = api.Flow{Status: api.FlowPending}
	return api.Authorization{Flow: fmt.Sprintf("flow-%d", len(w.begun))}, nil
}

func (w *world) Flow(context.Context, string) (api.Flow, error) { return w.flow, nil }

func (w *world) Connection(_ context.Context, name string) (api.Connection, error) {
	spec, ok := w.connections[name]
	if !ok {
		return api.Connection{}, fault.New(api.CodeNotFound, "there is no connection named %q", name)
	}
	return api.Connection{Name: name, ConnectionSpec: spec, ConnectionStatus: api.ConnectionStatus{Captured: w.captured}}, nil
}

func (w *world) PutConnection(_ context.Context, name string, spec api.ConnectionSpec) (bool, error) {
	w.connections[name] = spec
	return true, nil
}

func (w *world) Client(_ context.Context, name string) (api.Client, error) {
	if name != "app" {
		return api.Client{}, fault.New(api.CodeNotFound, "there is no client named %q", name)
	}
	return api.Client{Name: name, Provider: "fake"}, nil
}

func (w *world) Provider(context.Context, string) (api.Provider, error) {
	p := api.Provider{Name: "fake"}
	p.AdminConsent = w.consent
	p.Scopes = &api.ScopeRules{Required: []string{"offline_access"}, Default: []string{"mail"}, Meanings: map[string]string{"mail": "Read your mail"}}
	return p, nil
}

func (w *world) AppendEvent(_ context.Context, e ledger.Event) error {
	w.events = append(w.events, e.Kind)
	return nil
}

// makes makes a link and gives it with the secret part of its address.
func (w *world) makes(spec api.ConnectLinkSpec) (api.NewConnectLink, string) {
	w.t.Helper()
	if spec.Connection == "" {
		spec.Connection = "mail"
	}
	made, err := w.Create(w.t.Context(), spec)
	if err != nil {
		w.t.Fatal(err)
	}
	address, found := strings.CutPrefix(string(made.URL), "https://valetkey.example/connect/")
	if !found || len(address) != 43 {
		w.t.Fatalf("the address is %s", string(made.URL))
	}
	return made, address
}

func (w *world) begins(address string) link.Link {
	w.t.Helper()
	one, err := w.Links.Begin(w.t.Context(), address, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return one
}

func (w *world) stands(id string, want api.ConnectLinkStatus) api.ConnectLink {
	w.t.Helper()
	got, err := w.Get(w.t.Context(), id)
	if err != nil || got.Status != want {
		w.t.Fatalf("%+v %v, want %s", got, err, want)
	}
	return got
}

func refused(t *testing.T, err error, code api.Code, words string) {
	t.Helper()
	if !fault.Is(err, code) || !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %s with %q", err, code, words)
	}
}

func TestALinkIsOpenedUsedAndThenOver(t *testing.T) {
	w := newWorld(t)
	made, address := w.makes(api.ConnectLinkSpec{ExpectedAccount: " maria@contoso.com "})
	if made.ExpiresAt != w.now.Add(7*24*time.Hour) || made.Status != api.LinkPending {
		t.Errorf("%+v", made)
	}
	if _, err := w.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	w.stands(made.ID, api.LinkOpened)
	w.begins(address)
	if w.begun[0].LoginHint != "maria@contoso.com" {
		t.Errorf("%+v", w.begun)
	}
	w.flow.Status = api.FlowDone
	got := w.stands(made.ID, api.LinkDone)
	if got.OpenedAt == nil || got.EndedAt == nil {
		t.Errorf("%+v", got)
	}
	_, err := w.Links.Begin(t.Context(), address, false)
	refused(t, err, api.CodeConflict, "used already")
	_, err = w.Revoke(t.Context(), made.ID)
	refused(t, err, api.CodeConflict, "was used")
	_, err = w.Extend(t.Context(), made.ID, api.ConnectLinkPatch{ExpiresIn: api.Duration(time.Hour)})
	refused(t, err, api.CodeConflict, "more time")
	if strings.Join(w.events, " ") != "link_opened link_used" {
		t.Errorf("events %v", w.events)
	}
	_, err = w.Open(t.Context(), "nothing")
	refused(t, err, api.CodeNotFound, "not known here")
}

func TestAnAttemptThatFailsLeavesTheLinkToTheNextOne(t *testing.T) {
	w := newWorld(t)
	made, address := w.makes(api.ConnectLinkSpec{})
	w.begins(address)
	w.flow = api.Flow{Status: api.FlowFailed, Cause: &api.Cause{Code: "access_denied", Title: "declined"}}
	if got := w.stands(made.ID, api.LinkFailed); got.Cause == nil || got.Cause.Code != "access_denied" {
		t.Errorf("%+v", got)
	}
	w.begins(address)
	if got := w.stands(made.ID, api.LinkOpened); got.Cause != nil {
		t.Errorf("%+v", got)
	}
	w.flow.Status = api.FlowDone
	w.stands(made.ID, api.LinkDone)
}

func TestALinkExpiresAndMayBeGivenMoreTime(t *testing.T) {
	w := newWorld(t)
	made, address := w.makes(api.ConnectLinkSpec{ExpiresIn: api.Duration(time.Hour)})
	w.now = w.now.Add(time.Hour)
	w.stands(made.ID, api.LinkExpired)
	_, err := w.Links.Begin(t.Context(), address, false)
	refused(t, err, api.CodeConflict, "expired")
	if err := w.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.stands(made.ID, api.LinkExpired); got.EndedAt == nil {
		t.Errorf("the end is not written: %+v", got)
	}
	if _, err := w.Extend(t.Context(), made.ID, api.ConnectLinkPatch{ExpiresIn: api.Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.begins(address)
	if _, err := w.Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.Links.Begin(t.Context(), address, false)
	refused(t, err, api.CodeConflict, "taken back")
	_, err = w.Extend(t.Context(), made.ID, api.ConnectLinkPatch{ExpiresIn: api.Duration(time.Hour)})
	refused(t, err, api.CodeConflict, "revoked")
	w.now = w.now.Add(100 * 24 * time.Hour)
	if err := w.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = w.Get(t.Context(), made.ID)
	refused(t, err, api.CodeNotFound, "no such link")
}

func TestOnlyTheExpectedAccountIsAccepted(t *testing.T) {
	w := newWorld(t)
	_, address := w.makes(api.ConnectLinkSpec{ExpectedAccount: "Maria@contoso.com"})
	flow := w.begins(address).Flow
	for _, who := range []idtoken.Account{{Subject: "1", Email: "maria@contoso.com"}, {Subject: "1", PreferredUsername: "MARIA@contoso.com"}, {Subject: "Maria@contoso.com"}} {
		if err := w.Accept(t.Context(), flow, who); err != nil {
			t.Errorf("%+v: %v", who, err)
		}
	}
	refused(t, w.Accept(t.Context(), flow, idtoken.Account{Subject: "2", Email: "ben@contoso.com"}), api.CodeForbidden, "ben@contoso.com signed in")
	refused(t, w.Accept(t.Context(), flow, idtoken.Account{Email: "maria@contoso.com"}), api.CodeForbidden, "does not say who")
	if err := w.Accept(t.Context(), "another-flow", idtoken.Account{}); err != nil {
		t.Errorf("a flow of no link: %v", err)
	}
	one, ok, err := w.ByFlow(t.Context(), flow)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := w.Revoke(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, w.Accept(t.Context(), flow, idtoken.Account{Subject: "1", Email: "maria@contoso.com"}), api.CodeForbidden, "taken back")
}

func TestAConnectionIsMadeWhenItsLinkIsUsed(t *testing.T) {
	w := newWorld(t)
	_, address := w.makes(api.ConnectLinkSpec{Connection: "ben", Create: &api.ConnectionSpec{Client: "app", Scopes: []string{"mail", "odd"}}})
	one, err := w.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if _, made := w.connections["ben"]; made {
		t.Error("it is made though nobody used the link")
	}
	d, err := w.Describe(t.Context(), one)
	if err != nil || fmt.Sprint(d.Scopes) != "[{mail Read your mail} {odd } {offline_access }]" {
		t.Errorf("%+v %v", d, err)
	}
	w.begins(address)
	if w.connections["ben"].Client != "app" {
		t.Errorf("%+v", w.connections)
	}
}

func TestASpecThatMakesNoSenseIsRefused(t *testing.T) {
	w := newWorld(t)
	w.connections["robot"] = api.ConnectionSpec{Client: "app", Grant: "client_credentials"}
	script := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`))
	for words, spec := range map[string]api.ConnectLinkSpec{
		"names no connection":           {Connection: "../x"},
		"no connection named":           {Connection: "nothing"},
		"client that is not there":      {Connection: "new", Create: &api.ConnectionSpec{Client: "other"}},
		"nobody needs to authorize":     {Connection: "robot"},
		"cannot be open for":            {Connection: "mail", ExpiresIn: api.Duration(91 * 24 * time.Hour)},
		"name of an account":            {Connection: "mail", ExpectedAccount: "a\nb"},
		"brand.name":                    {Connection: "mail", Brand: &api.ConnectLinkBrand{Name: strings.Repeat("x", 81)}},
		"brand.message":                 {Connection: "mail", Brand: &api.ConnectLinkBrand{Message: strings.Repeat("x", 501)}},
		"element script":                {Connection: "mail", Brand: &api.ConnectLinkBrand{Logo: script}},
		"not an http or https address":  {Connection: "mail", ReturnTo: "javascript:alert(1)"},
		"https://evil.example, which":   {Connection: "mail", ReturnTo: "https://evil.example/x"},
		"webhook is not an https":       {Connection: "mail", Webhook: "http://contoso.com/hook"},
		"webhook is not an https addre": {Connection: "mail", Webhook: "https://user:pw@contoso.com/"},
	} {
		_, err := w.Create(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %q", err, words)
		}
	}
}

func TestALogoIsAPictureThatDoesNothing(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	svg := func(inside string) link.Logo {
		return link.Logo{Kind: "image/svg+xml", Content: []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">` + inside + `</svg>`)}
	}
	for _, good := range []link.Logo{{Kind: "image/png", Content: picture.Bytes()}, svg(`<defs><path id="a" d="M0 0"/></defs><use xlink:href="#a" fill="url(#b)"/>`)} {
		read, err := link.ReadLogo(good.DataURI())
		if err != nil || !bytes.Equal(read.Content, good.Content) || read.Kind != good.Kind {
			t.Errorf("%s: %v", good.Kind, err)
		}
	}
	for _, bad := range []link.Logo{
		{Kind: "image/png", Content: []byte("no picture")}, {Kind: "image/gif", Content: picture.Bytes()},
		{Kind: "image/png", Content: make([]byte, 33<<10)}, {Kind: "image/svg+xml"}, {Kind: "image/svg+xml", Content: []byte("<html/>")},
		{Kind: "image/svg+xml", Content: []byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg/>`)},
		svg(`<script>1</script>`), svg(`<g onload="x()"/>`), svg(`<foreignObject/>`), svg(`<image href="https://evil.example/spy.png"/>`),
		svg(`<a xlink:href="javascript:x()"/>`), svg(`<rect fill="url(https://evil.example)"/>`), svg(`<g`),
	} {
		if _, err := link.ReadLogo(bad.DataURI()); !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%s %.80s: %v", bad.Kind, bad.Content, err)
		}
	}
	for _, uri := range []string{"", "x", "data:image/png,x", "data:image/png;base64,%%%"} {
		if _, err := link.ReadLogo(uri); !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestAWebhookIsSignedAndTriedAgainUntilItIsTaken(t *testing.T) {
	w := newWorld(t)
	answers := []int{500, 302, 204}
	var seen []*http.Request
	var bodies [][]byte
	hook := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen, bodies = append(seen, r), append(bodies, body)
		out.WriteHeader(answers[len(seen)-1])
	}))
	t.Cleanup(hook.Close)
	client := hook.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.HTTP = client
	made, address := w.makes(api.ConnectLinkSpec{Webhook: hook.URL + "/hook"})
	w.begins(address)
	w.flow.Status = api.FlowDone
	ticks := func() api.ConnectLink {
		t.Helper()
		if err := w.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.stands(made.ID, api.LinkDone)
	}
	if got := ticks(); len(seen) != 1 || got.Webhook.LastError != "the webhook's server answered 500" || !got.Webhook.NextTryAt.Equal(w.now.Add(10*time.Second)) {
		t.Fatalf("%d deliveries, %+v", len(seen), got.Webhook)
	}
	ticks()
	if len(seen) != 1 {
		t.Fatal("it is tried before its time")
	}
	w.now = w.now.Add(10 * time.Second)
	if got := ticks(); len(seen) != 2 || !got.Webhook.NextTryAt.Equal(w.now.Add(30*time.Second)) {
		t.Fatalf("%d deliveries, %+v", len(seen), got.Webhook)
	}
	w.now = w.now.Add(30 * time.Second)
	if got := ticks(); len(seen) != 3 || got.Webhook.NextTryAt != nil || got.Webhook.LastError != "" {
		t.Fatalf("%d deliveries, %+v", len(seen), got.Webhook)
	}
	var event api.ConnectLinkEvent
	if err := json.Unmarshal(bodies[2], &event); err != nil || event.Type != "connect_link.done" || event.Data.ID != made.ID {
		t.Errorf("%s %v", bodies[2], err)
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(made.WebhookSecret), "whsec_"))
	mac := hmac.New(sha256.New, key)
	head := seen[2].Header
	fmt.Fprintf(mac, "%s.%s.%s", head.Get("Webhook-Id"), head.Get("Webhook-Timestamp"), bodies[2])
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); head.Get("Webhook-Signature") != want {
		t.Errorf("signature %s, want %s", head.Get("Webhook-Signature"), want)
	}
	for _, text := range []string{address, string(made.WebhookSecret)} {
		if strings.Contains(w.log.String(), text) || strings.Contains(string(bytes.Join(bodies, nil)), text) {
			t.Error("a secret is in the log or in a delivery")
		}
	}
}

func TestAWebhookThatNobodyTakesIsGivenUp(t *testing.T) {
	w := newWorld(t)
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	w.HTTP = gone.Client()
	gone.Close()
	made, _ := w.makes(api.ConnectLinkSpec{Webhook: gone.URL})
	if _, err := w.Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := w.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(6 * time.Hour)
	}
	got := w.stands(made.ID, api.LinkRevoked)
	if got.Webhook.Tries != 12 || got.Webhook.NextTryAt != nil || got.Webhook.LastError != "the webhook's server did not answer" {
		t.Errorf("%+v", got.Webhook)
	}
}

func TestTheBrowserIsSentBackWithTheOutcome(t *testing.T) {
	w := newWorld(t)
	_, address := w.makes(api.ConnectLinkSpec{ReturnTo: "https://contoso.com/back?a=1"})
	one, err := w.Links.Begin(t.Context(), address, true)
	if err != nil {
		t.Fatal(err)
	}
	w.flow.Status = api.FlowDone
	if one, err = w.Look(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if want := "https://contoso.com/back?a=1&link=" + one.ID + "&valetkey=done"; one.ReturnTo() != want || one.Opener() != "https://contoso.com" {
		t.Errorf("%s, %s", one.ReturnTo(), one.Opener())
	}
}
