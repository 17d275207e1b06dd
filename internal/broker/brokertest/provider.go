package brokertest

import (
	"testing"

	"github.com/valetkey/valetkey/internal/ledger"
)

func providerChecks() []check {
	return []check{
		{"a document reads back as it was written", providerRoundTrip},
		{"a second write replaces the document", providerReplaced},
		{"an unknown provider cannot be deleted", func(t *testing.T, s ledger.Store) {
			wantError(t, s.DeleteProvider(t.Context(), "nobody"), ledger.ErrNotFound)
		}},
		{"a provider that a client uses stays until the client is gone", providerInUse},
	}
}

func providerRoundTrip(t *testing.T, s ledger.Store) {
	document := []byte(`{"title": "Größe 日本",  "docs":"https://contoso.example/?a=1&b=2"}`)
	must(t, s.PutProvider(t.Context(), "contoso", document, start()))
	must(t, s.PutProvider(t.Context(), "fabrikam", []byte(`{}`), start()))
	got := get[map[string][]byte](t)(s.Providers(t.Context()))
	wantEqual(t, "providers", got, map[string][]byte{"contoso": document, "fabrikam": []byte(`{}`)})
}

func providerReplaced(t *testing.T, s ledger.Store) {
	must(t, s.PutProvider(t.Context(), "contoso", []byte(`{"title":"old"}`), start()))
	must(t, s.PutProvider(t.Context(), "contoso", []byte(`{"title":"new"}`), after(1)))
	got := get[map[string][]byte](t)(s.Providers(t.Context()))
	wantEqual(t, "providers", got, map[string][]byte{"contoso": []byte(`{"title":"new"}`)})
}

func providerInUse(t *testing.T, s ledger.Store) {
	must(t, s.PutProvider(t.Context(), "contoso", []byte(`{}`), start()))
	must(t, s.PutClient(t.Context(), client("app")))
	wantError(t, s.DeleteProvider(t.Context(), "contoso"), ledger.ErrInUse)
	if len(get[map[string][]byte](t)(s.Providers(t.Context()))) != 1 {
		t.Fatal("the provider in use is gone")
	}
	must(t, s.DeleteClient(t.Context(), "app"))
	must(t, s.DeleteProvider(t.Context(), "contoso"))
	if len(get[map[string][]byte](t)(s.Providers(t.Context()))) != 0 {
		t.Fatal("the deleted provider is still there")
	}
}
