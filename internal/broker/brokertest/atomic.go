package brokertest

import (
	"context"
	"errors"
	"testing"

	"github.com/valetkey/valetkey/internal/ledger"
)

func atomicChecks() []check {
	return []check{
		{"what is done as one is there as a whole", func(t *testing.T, s ledger.Store) {
			must(t, s.Atomically(t.Context(), func(ctx context.Context) error {
				must(t, s.PutProvider(ctx, "contoso", []byte(`{}`), start()))
				must(t, s.PutClient(ctx, client("app")))
				c, err := s.Client(ctx, "app") // it reads what it wrote
				must(t, err)
				if c.ClientID != client("app").ClientID {
					t.Errorf("read back %q", c.ClientID)
				}
				return nil
			}))
			if _, err := s.Client(t.Context(), "app"); err != nil {
				t.Error(err)
			}
		}},
		{"an error undoes all of it", func(t *testing.T, s ledger.Store) {
			must(t, s.PutClient(t.Context(), client("old")))
			failed := errors.New("the third step failed")
			err := s.Atomically(t.Context(), func(ctx context.Context) error {
				must(t, s.PutProvider(ctx, "contoso", []byte(`{}`), start()))
				must(t, s.PutClient(ctx, client("new")))
				must(t, s.DeleteClient(ctx, "old"))
				return failed
			})
			wantError(t, err, failed)
			clients, err := s.Clients(t.Context(), ledger.Page{})
			must(t, err)
			if len(clients) != 1 || clients[0].Name != "old" {
				t.Errorf("there are %v", clients)
			}
			providers, err := s.Providers(t.Context())
			must(t, err)
			if len(providers) != 0 {
				t.Errorf("there are %v", providers)
			}
		}},
		{"a refusal in the middle keeps its meaning", func(t *testing.T, s ledger.Store) {
			err := s.Atomically(t.Context(), func(ctx context.Context) error {
				return s.DeleteConnection(ctx, "nobody")
			})
			wantError(t, err, ledger.ErrNotFound)
		}},
	}
}
