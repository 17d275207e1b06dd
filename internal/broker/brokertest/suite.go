package brokertest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Store checks that a store keeps the contract of [broker.Store]. Each call of
// open gives an empty store, to be closed by t.Cleanup.
func Store(t *testing.T, open func(t *testing.T) ledger.Store) {
	for _, noun := range []struct {
		name   string
		checks []check
	}{
		{"providers", providerChecks()},
		{"clients", clientChecks()},
		{"connections", connectionChecks()},
		{"lists of connections", connectionListChecks()},
		{"states", stateChecks()},
		{"token sets", tokenChecks()},
		{"leases", leaseChecks()},
		{"schedule", scheduleChecks()},
		{"flows", flowChecks()},
		{"events", eventChecks()},
		{"settings", settingChecks()},
		{"many as one", atomicChecks()},
		{"calls", callChecks()},
	} {
		t.Run(noun.name, func(t *testing.T) {
			for _, c := range noun.checks {
				t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
			}
		})
	}
}

// check is one statement of the contract.
type check struct {
	name string
	run  func(t *testing.T, s ledger.Store)
}

// start is when the suite's clock stands, in the milliseconds a store keeps.
func start() time.Time { return time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC) }

// after is some minutes later.
func after(minutes int) time.Time { return start().Add(time.Duration(minutes) * time.Minute) }

// opaque is a sealed value with every byte in it, as ciphertext may have.
func opaque(mark string) secret.Sealed {
	all := []byte(mark)
	for b := range 256 {
		all = append(all, byte(b))
	}
	return all
}

func cause() *api.Cause {
	return &api.Cause{Code: "invalid_grant", Title: "der Zugriff wurde entzogen", Detail: `"quoted" \ 日本語 🔑`, Remedy: "valetkey connect"}
}

func event(kind string) ledger.Event {
	return ledger.Event{At: after(1), Kind: kind, Detail: map[string]string{"why": "größer"}}
}

// client is a client with every field set.
func client(name string) ledger.Client {
	return ledger.Client{
		Name:                    name,
		Description:             "Müller & Söhne — 会社 🏢",
		Provider:                "contoso",
		Variables:               map[string]string{"tenant": "acme", "région": "zürich"},
		ClientID:                "6731de76",
		Secret:                  opaque("client"),
		TokenEndpointAuthMethod: "client_secret_post",
		AllowedHosts:            []string{"api.contoso.example", "*.contoso.example"},
		Cause:                   cause(),
		Registration:            opaque("registration"),
		Learned:                 ledger.Learned{Method: "client_secret_post", MethodAt: after(1), Secret: 2, SecretAt: after(2)},
		CreatedAt:               start(),
		UpdatedAt:               after(1),
	}
}

// connection is a connection of the client "app" with every field set that a
// store writes.
func connection(name string) ledger.Connection {
	scheme := ""
	return ledger.Connection{
		Name: name,
		Spec: api.ConnectionSpec{
			Description: "Postfach von Zoë 📬",
			Client:      "app",
			Grant:       "authorization_code",
			Scopes:      []string{"mail.read", "offline_access"},
			Variables:   map[string]string{"user": "zoë"},
			API: &api.CallSettings{
				BaseURL:   "https://{user}.contoso.example/v1",
				Token:     &api.TokenPlacement{In: api.StringList{api.InHeader}, Name: "X-Token", Scheme: &scheme},
				Headers:   map[string]string{"Accept-Language": "de"},
				Timeout:   api.Duration(1500 * time.Millisecond),
				AuthError: &api.AuthErrorRules{AnswerRule: api.AnswerRule{Statuses: []int{401, 419}}},
			},
			Tags: map[string]string{"team": "日本"},
		},
		State:           api.StateNeedsAuthorization,
		Cause:           cause(),
		Account:         "zoë@contoso.example",
		Captured:        map[string]string{"instance_url": "https://zürich.contoso.example"},
		LastUsedAt:      after(2),
		LastRefreshedAt: after(3),
		CreatedAt:       start(),
		UpdatedAt:       after(1),
	}
}

// tokenSet is a token set with every field set.
func tokenSet(connection string, generation int64) ledger.TokenSet {
	return ledger.TokenSet{
		Connection:       connection,
		Generation:       generation,
		AccessToken:      opaque("access"),
		RefreshToken:     opaque("refresh"),
		TokenType:        "Bearer",
		Scope:            []string{"mail.read", "offline_access"},
		ObtainedAt:       after(int(generation)),
		ExpiresAt:        after(60 + int(generation)),
		RefreshExpiresAt: after(600),
	}
}

// saving is the write of a generation that needs no lease and keeps all.
func saving(connection string, generation int64) ledger.TokenSave {
	return ledger.TokenSave{
		Set:    tokenSet(connection, generation),
		Change: ledger.StateChange{State: api.StateActive},
		Keep:   100,
		Event:  event(ledger.EventAuthorized),
	}
}

// flow is a pending flow with every field set that a new one has.
func flow(id, connection string) ledger.Flow {
	return ledger.Flow{
		ID:               id,
		Connection:       connection,
		StateHash:        []byte("hash\x00of " + id),
		Verifier:         opaque("verifier"),
		AuthorizationURL: opaque("url"),
		Issuer:           "https://login.contoso.example",
		TokenEndpoint:    "https://login.contoso.example/token",
		RedirectURI:      "http://127.0.0.1:8539/oauth/callback",
		ReturnTo:         "https://app.contoso.example/zurück",
		Status:           api.FlowPending,
		CreatedAt:        start(),
		ExpiresAt:        after(10),
	}
}

// seed makes the client "app" and connections of it.
func seed(t *testing.T, s ledger.Store, names ...string) {
	t.Helper()
	must(t, s.PutClient(t.Context(), client("app")))
	for _, name := range names {
		must(t, s.PutConnection(t.Context(), connection(name)))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error is %v, want %v", got, want)
	}
}

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// get is must for a call that returns a value.
func get[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		must(t, err)
		return value
	}
}

// names lists the names of connections.
func names(connections []ledger.Connection) []string {
	var list []string
	for _, c := range connections {
		list = append(list, c.Name)
	}
	return list
}

// eventKinds lists the kinds of all events of a connection, newest first.
func eventKinds(t *testing.T, s ledger.Store, connection string) []string {
	t.Helper()
	events, err := s.Events(t.Context(), connection, 0, 0)
	must(t, err)
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}
