package custody

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// databases opens an empty database of each kind.
func databases(t *testing.T) map[string]func(t *testing.T) Desk {
	server := pgtest.Start(t)
	open := func(t *testing.T, config store.Config) Desk {
		t.Helper()
		db, err := store.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return Desk{DB: db}
	}
	return map[string]func(t *testing.T) Desk{
		"SQLite": func(t *testing.T) Desk {
			return open(t, store.Config{Path: filepath.Join(t.TempDir(), "valetkey.db")})
		},
		"PostgreSQL": func(t *testing.T) Desk { return open(t, store.Config{URL: server.URL(t)}) },
	}
}

func ring(t *testing.T) *secret.Keyring {
	t.Helper()
	k, err := secret.NewKeyring("memory")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func do(t *testing.T, d Desk, query string, args ...any) {
	t.Helper()
	err := d.DB.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// fill puts a row into every table with a sealed value in every sealed column.
func fill(t *testing.T, d Desk, k *secret.Keyring, names ...string) {
	t.Helper()
	seal := func(p secret.Place) []byte {
		sealed, err := k.Seal(secret.NewText("secret of "+p.Row+"."+p.Column), p)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	for i, name := range names {
		do(t, d, `INSERT INTO clients (name, provider, client_id, token_endpoint_auth_method, created_at, updated_at, description, secret, registration)
			VALUES ($1, 'contoso', 'id', '', 1, 1, '', $2, $3)`, name, seal(ledger.ClientSecretPlace(name)), seal(ledger.RegistrationPlace(name)))
		do(t, d, `INSERT INTO connections (name, client, state, generation, account, last_used_at, last_refreshed_at, created_at, updated_at, spec, proof_key)
			VALUES ($1, $1, 'active', 7, '', 0, 0, 1, 1, '{}', $2)`, name, seal(ledger.ProofKeyPlace(name)))
		do(t, d, `INSERT INTO token_sets (connection, generation, token_type, obtained_at, expires_at, refresh_expires_at, refresh_token, access_token)
			VALUES ($1, 7, 'Bearer', 1, 1, 1, $2, $3)`, name, seal(ledger.TokenPlace(name, 7, "refresh_token")), seal(ledger.TokenPlace(name, 7, "access_token")))
		do(t, d, `INSERT INTO leases (connection, owner, fence, expires_at, generation, salvage) VALUES ($1, '', 1, 0, 7, $2)`,
			name, seal(ledger.SalvagePlace(name, 7)))
		do(t, d, `INSERT INTO connect_links (id, hash, connection, status, flow, terms, progress, webhook_secret, due_at, created_at, expires_at, version)
			VALUES ($1, $2, $1, '', '', '{}', '{}', $3, 0, 1, 1, 1)`, name, []byte{byte(i)}, seal(link.WebhookPlace(name)))
		do(t, d, `INSERT INTO flows (id, connection, state_hash, status, taken_at, created_at, expires_at, issuer, token_endpoint, redirect_uri, return_to, verifier, authorization_url)
			VALUES ($1, $1, $2, 'pending', 0, 1, 1, '', '', '', '', $3, $4)`, name, []byte{byte(i)}, seal(ledger.FlowPlace(name, "verifier")), seal(ledger.FlowPlace(name, "device")))
	}
	proof, err := k.Proof()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CreateSetting(t.Context(), "keyring_proof", proof); err != nil {
		t.Fatal(err)
	}
}

// every reads all sealed values, whatever key sealed them.
func every(t *testing.T, d Desk) []ledger.SealedValue {
	t.Helper()
	values, _, done, err := d.SealedElsewise(t.Context(), 0, ledger.SealedCursor{}, 1000)
	if err != nil || !done {
		t.Fatal(done, err)
	}
	return values
}

func opens(k *secret.Keyring, value secret.Sealed, places []secret.Place) bool {
	return slices.ContainsFunc(places, func(p secret.Place) bool {
		_, err := k.Open(value, p)
		return err == nil
	})
}

func TestK04_AValueMovedToAnotherRowOrColumnDoesNotOpen(t *testing.T) {
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			d, k := open(t), ring(t)
			fill(t, d, k, "one", "two")
			values := every(t, d)
			if want := 2*(len(columns())-1) + 1; len(values) != want {
				t.Fatalf("%d sealed values, want %d: one in every column of both rows", len(values), want)
			}
			for i, here := range values {
				for j, there := range values {
					if opens(k, here.Value, there.Places) != (i == j) {
						t.Errorf("the value of %v opens at %v: %v", here.Places, there.Places, i != j)
					}
				}
			}
		})
	}
}

func TestK02_EveryColumnOfBytesIsSealedOrAHash(t *testing.T) {
	d := databases(t)["PostgreSQL"](t)
	hashes := []string{"access_keys.hash", "agents.hash", "flows.state_hash", "connect_links.hash", "operator_sessions.hash", "operator_codes.hash", "settings.value"}
	for _, c := range columns() {
		hashes = append(hashes, c.table+"."+c.column)
	}
	var found []string
	err := d.DB.Snapshot(t.Context(), func(tx store.Tx) (err error) {
		found, err = names(t.Context(), tx, `SELECT table_name || '.' || column_name FROM information_schema.columns
			WHERE table_schema = current_schema() AND data_type = 'bytea'`)
		return err
	})
	if err != nil || len(found) < 10 {
		t.Fatal(found, err)
	}
	for _, column := range found {
		if !slices.Contains(hashes, column) {
			t.Errorf("%s holds bytes and is not in columns(): a rotation would leave it under an old key", column)
		}
	}
}

func TestEveryTableIsInABackupOrPasses(t *testing.T) {
	d := databases(t)["PostgreSQL"](t)
	known := slices.Concat(Tables(), Passing(), Derived(), []string{"schema_migrations"})
	err := d.DB.Snapshot(t.Context(), func(tx store.Tx) error {
		found, err := names(t.Context(), tx, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`)
		for _, table := range found {
			if !slices.Contains(known, table) {
				t.Errorf("the table %s is neither in Tables nor in Passing: a restore would lose it", table)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSealedValuesAreCountedByKeyAndReplacedOnlyWhileTheyAreTheSame(t *testing.T) {
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			d, k := open(t), ring(t)
			fill(t, d, k, "one")
			total := int64(len(columns()))
			if counted, all, err := d.CountSealed(t.Context(), 0); err != nil || !all || counted[k.Primary()] != total {
				t.Fatalf("%v, %v, %v", counted, all, err)
			}
			if counted, all, err := d.CountSealed(t.Context(), total-2); err != nil || all || counted[k.Primary()] != total-2 {
				t.Fatalf("at most %d: %v, %v, %v", total-2, counted, all, err)
			}
			if counted, all, err := d.CountSealed(t.Context(), total+1); err != nil || !all || counted[k.Primary()] != total {
				t.Fatalf("at most one more than there are: %v, %v, %v", counted, all, err)
			}
			next, id, err := k.WithNewKey()
			if err == nil {
				next, err = next.WithPrimary(id)
			}
			if err != nil {
				t.Fatal(err)
			}
			values := every(t, d)
			stale := values[0]
			stale.Value = append(slices.Clone(stale.Value), 1)
			fresh, err := next.Seal(secret.NewText("x"), values[1].Places[0])
			if err != nil {
				t.Fatal(err)
			}
			n, err := d.Reseal(t.Context(), []ledger.Resealed{{SealedValue: stale, New: fresh}, {SealedValue: values[1], New: fresh}})
			if err != nil || n != 1 {
				t.Fatalf("%d replaced, %v: the one that was written meanwhile must stay", n, err)
			}
			if counted, _, err := d.CountSealed(t.Context(), 0); err != nil || counted[k.Primary()] != total-1 || counted[id] != 1 {
				t.Fatalf("%v, %v", counted, err)
			}
		})
	}
}

func TestASettingIsSwappedOnce(t *testing.T) {
	d := databases(t)["SQLite"](t)
	ctx := t.Context()
	if err := d.CreateSetting(ctx, "s", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := d.SwapSetting(ctx, "s", []byte("1"), []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := d.SwapSetting(ctx, "s", []byte("1"), []byte("3")); !errors.Is(err, ledger.ErrStale) {
		t.Fatalf("%v", err)
	}
	if value, err := d.Setting(ctx, "s"); err != nil || string(value) != "2" {
		t.Fatalf("%q %v", value, err)
	}
}

func TestTheAuditTrailIsFilteredAndPrunedByAge(t *testing.T) {
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			d, start := open(t), time.UnixMilli(1_000_000).UTC()
			err := d.AppendAudit(t.Context(), []api.AuditEntry{
				{At: start, Actor: "ann", Action: "client.put", Subject: "app", Detail: map[string]string{"role": "operator"}},
				{At: start.Add(time.Hour), Actor: "job", Action: "connection.token.get", Subject: "mail"},
				{At: start.Add(2 * time.Hour), Actor: "ann", Action: "client.delete", Subject: "app"},
			})
			if err != nil {
				t.Fatal(err)
			}
			for want, filter := range map[int]api.AuditFilter{
				3: {}, 2: {Actor: "ann"}, 1: {Action: "connection"}, 0: {Subject: "nobody"},
			} {
				if found, err := d.Audit(t.Context(), filter); err != nil || len(found) != want {
					t.Errorf("%+v: %v, %v", filter, found, err)
				}
			}
			newest, err := d.Audit(t.Context(), api.AuditFilter{Limit: 1, Before: 3})
			if err != nil || len(newest) != 1 || newest[0].Actor != "job" {
				t.Errorf("%v, %v", newest, err)
			}
			if err := d.Prune(t.Context(), Keep{Events: start, PerOne: 10, Audit: start.Add(90 * time.Minute)}); err != nil {
				t.Fatal(err)
			}
			if left, err := d.Audit(t.Context(), api.AuditFilter{}); err != nil || len(left) != 1 || left[0].Action != "client.delete" {
				t.Errorf("%v, %v", left, err)
			}
		})
	}
}

func TestManyEntriesOfTheAuditTrailKeepTheirOrder(t *testing.T) {
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			for _, n := range []int{2*auditRows + 7, 3} {
				entries := make([]api.AuditEntry, n)
				for i := range entries {
					entries[i] = api.AuditEntry{At: time.UnixMilli(1), Actor: "job", Action: "connection.token.get", Subject: strconv.Itoa(i)}
				}
				if err := d.AppendAudit(t.Context(), entries); err != nil {
					t.Fatal(err)
				}
				newest, err := d.Audit(t.Context(), api.AuditFilter{Limit: n})
				if err != nil || len(newest) != n {
					t.Fatalf("%d entries, %v", len(newest), err)
				}
				for i, e := range newest {
					if want := n - 1 - i; e.Subject != strconv.Itoa(want) || i > 0 && e.ID != newest[i-1].ID-1 {
						t.Fatalf("entry %d is %s with number %d", want, e.Subject, e.ID)
					}
				}
			}
		})
	}
}

func TestEventsArePrunedByAgeAndByNumber(t *testing.T) {
	for name, open := range databases(t) {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			fill(t, d, ring(t), "busy", "quiet")
			at := func(i int) time.Time { return time.UnixMilli(int64(1000 + i)) }
			for i := range 20 {
				for _, connection := range []string{"busy", "quiet"}[:1+i/19] {
					if err := d.DB.AppendEvent(t.Context(), ledger.Event{Connection: connection, At: at(i), Kind: "n" + strconv.Itoa(i)}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := d.Prune(t.Context(), Keep{Events: at(2), PerOne: 5, Audit: at(0)}); err != nil {
				t.Fatal(err)
			}
			for connection, want := range map[string]int{"busy": 5, "quiet": 1} {
				events, err := d.DB.Events(context.Background(), connection, 0, 0)
				if err != nil || len(events) != want || events[0].Kind != "n19" {
					t.Errorf("%s has %v, %v", connection, events, err)
				}
			}
		})
	}
}
