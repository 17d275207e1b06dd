package custody

import (
	"context"
	"strings"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
)

// column is one that holds sealed values. Rows are found by name, and where
// one name has several rows, by a number as well.
type column struct {
	table, name, number, column string
	only                        string // a further condition; "": all rows
	places                      func(name string, number int64) []secret.Place
}

// columns are all that hold sealed values. A flow's URL column holds one of two
// things, sealed at places of their own.
func columns() []column {
	token := func(column string) func(string, int64) []secret.Place {
		return func(name string, number int64) []secret.Place {
			return []secret.Place{ledger.TokenPlace(name, number, column)}
		}
	}
	return []column{
		{table: "clients", name: "name", column: "secret", places: func(name string, _ int64) []secret.Place {
			return []secret.Place{ledger.ClientSecretPlace(name)}
		}},
		{table: "token_sets", name: "connection", number: "generation", column: "refresh_token", places: token("refresh_token")},
		{table: "token_sets", name: "connection", number: "generation", column: "access_token", places: token("access_token")},
		{table: "leases", name: "connection", number: "generation", column: "salvage", places: func(name string, number int64) []secret.Place {
			return []secret.Place{ledger.SalvagePlace(name, number)}
		}},
		{table: "connections", name: "name", column: "proof_key", places: func(name string, _ int64) []secret.Place {
			return []secret.Place{ledger.ProofKeyPlace(name)}
		}},
		{table: "clients", name: "name", column: "registration", places: func(name string, _ int64) []secret.Place {
			return []secret.Place{ledger.RegistrationPlace(name)}
		}},
		{table: "connect_links", name: "id", column: "webhook_secret", places: func(id string, _ int64) []secret.Place {
			return []secret.Place{link.WebhookPlace(id)}
		}},
		{table: "flows", name: "id", column: "verifier", places: func(id string, _ int64) []secret.Place {
			return []secret.Place{ledger.FlowPlace(id, "verifier")}
		}},
		{table: "flows", name: "id", column: "authorization_url", places: func(id string, _ int64) []secret.Place {
			return []secret.Place{ledger.FlowPlace(id, "authorization_url"), ledger.FlowPlace(id, "device")}
		}},
		{table: "settings", name: "name", column: "value", only: "name = 'keyring_proof'", places: func(string, int64) []secret.Place {
			return []secret.Place{secret.ProofPlace()}
		}},
	}
}

// numberOr is the number's column, or a constant where the table has none.
func (c column) numberOr() string {
	if c.number == "" {
		return "CAST(0 AS BIGINT)"
	}
	return c.number
}

// sealedIn is the condition that a row has a sealed value here.
func (c column) sealedIn() string {
	condition := c.column + " IS NOT NULL"
	if c.only != "" {
		condition += " AND " + c.only
	}
	return condition
}

// CountSealed counts the sealed values under each key, but no more than most of
// all together (0: any number), and says whether these are all.
func (d Desk) CountSealed(ctx context.Context, most int64) (counted map[secret.KeyID]int64, all bool, err error) {
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		counted, all = make(map[secret.KeyID]int64), true
		left := most
		for _, c := range columns() {
			n, err := c.count(ctx, tx, left, counted)
			if err != nil {
				return err
			}
			if left -= n; most > 0 && left <= 0 {
				all = false
				return nil
			}
		}
		return nil
	})
	return counted, all, err
}

// count adds the values of one column, at most so many, and says how many they were.
func (c column) count(ctx context.Context, tx store.Tx, most int64, counted map[secret.KeyID]int64) (total int64, err error) {
	limit, args := "", []any{}
	if most > 0 {
		limit, args = "LIMIT $1", []any{most}
	}
	rows, err := tx.QueryContext(ctx, `
		SELECT
			prefix,
			COUNT(*)
		FROM (
			SELECT substr(`+c.column+`, 1, 5) AS prefix
			FROM `+c.table+`
			WHERE `+c.sealedIn()+`
			`+limit+`
		) AS prefixes
		GROUP BY prefix`, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var prefix []byte
		var n int64
		if err := rows.Scan(&prefix, &n); err != nil {
			return 0, err
		}
		total += n
		if id, ok := secret.KeyOf(append(prefix, 0)); ok {
			counted[id] += n
		}
	}
	return total, rows.Err()
}

// SealedElsewise returns sealed values that another key than this one sealed,
// behind the cursor, at most limit, and the cursor behind them. The cursor
// begins as its zero value; done is true when nothing stands behind it.
func (d Desk) SealedElsewise(ctx context.Context, key secret.KeyID, at ledger.SealedCursor, limit int) (found []ledger.SealedValue, next ledger.SealedCursor, done bool, err error) {
	all := columns()
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		found, next = nil, at
		for next.Column < len(all) && len(found) < limit {
			more, err := all[next.Column].elsewise(ctx, tx, key, next, limit-len(found))
			if err != nil {
				return err
			}
			found = append(found, more...)
			if len(found) == limit {
				last := found[limit-1]
				next.Name, next.Number = last.Name, last.Number
				break
			}
			next = ledger.SealedCursor{Column: next.Column + 1}
		}
		return nil
	})
	return found, next, next.Column >= len(all), err
}

func (c column) elsewise(ctx context.Context, tx store.Tx, key secret.KeyID, at ledger.SealedCursor, limit int) ([]ledger.SealedValue, error) {
	order := c.name
	if c.number != "" {
		order += ", " + c.number
	}
	rows, err := tx.QueryContext(ctx, `
		SELECT
			`+c.name+`,
			`+c.numberOr()+`,
			`+c.column+`
		FROM `+c.table+`
		WHERE `+c.sealedIn()+`
		  AND substr(`+c.column+`, 1, 5) <> $1
		  AND (`+c.name+` > $2 OR `+c.name+` = $2 AND `+c.numberOr()+` > $3)
		ORDER BY `+order+`
		LIMIT $4`,
		key.Prefix(),
		at.Name,
		at.Number,
		limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []ledger.SealedValue
	for rows.Next() {
		v := ledger.SealedValue{Column: at.Column}
		if err := rows.Scan(&v.Name, &v.Number, (*[]byte)(&v.Value)); err != nil {
			return nil, err
		}
		v.Places = c.places(v.Name, v.Number)
		found = append(found, v)
	}
	return found, rows.Err()
}

// Reseal replaces sealed values, each only while it is still the one that was
// read, and returns how many were. A value that was written meanwhile is left
// as it is. What other processes hold in memory is read again.
func (d Desk) Reseal(ctx context.Context, values []ledger.Resealed) (replaced int64, err error) {
	all := columns()
	err = d.DB.Update(ctx, func(tx store.Tx) error {
		replaced = 0
		for _, v := range values {
			won, err := all[v.Column].swap(ctx, tx, v)
			if err != nil {
				return err
			}
			if won {
				replaced++
			}
		}
		return nil
	})
	return replaced, err
}

func (c column) swap(ctx context.Context, tx store.Tx, v ledger.Resealed) (bool, error) {
	where := []string{c.name + " = $2", c.column + " = $3"}
	args := []any{[]byte(v.New), v.Name, []byte(v.Value)}
	if c.number != "" {
		where = append(where, c.number+" = $4")
		args = append(args, v.Number)
	}
	return hits(ctx, tx, `
		UPDATE `+c.table+`
		SET `+c.column+` = $1
		WHERE `+strings.Join(where, " AND "), args...)
}
