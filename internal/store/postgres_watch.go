package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/valetkey/valetkey/internal/ledger"
)

const (
	// listenBeat is how long the listening connection may be silent before it is
	// asked whether it lives: a cable that was cut says nothing.
	listenBeat = 5 * time.Second
	// listenRetry is between two attempts to connect it again.
	listenRetry = 500 * time.Millisecond
)

// channelQuery names the channel of notices: one for each schema, for two
// installations may share a database.
const channelQuery = `SELECT 'valetkey_' || oid FROM pg_namespace WHERE nspname = current_schema()`

// notice is a change as it travels between nodes.
type notice struct {
	By string `json:"by"`
	ledger.Change
}

// announce is delivered when, and only if, the transaction commits.
func (p *postgres) announce(ctx context.Context, tx queryer, node string, change ledger.Change) error {
	text, err := json.Marshal(notice{By: node, Change: change})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `SELECT pg_notify((`+channelQuery+`), $1)`, string(text))
	return err
}

// watch listens as long as the context lives. It says in the log when the
// server is lost and when it is back; what was missed in between is a change of
// everything.
func (p *postgres) watch(ctx context.Context, db *DB, changes chan<- ledger.Change) {
	lost := false
	heard := func() {
		if lost {
			db.log.Info("the database is back", "database", p.place())
		}
		lost = false
	}
	for {
		err := p.listen(ctx, db.node, changes, heard)
		if ctx.Err() != nil {
			return
		}
		if !lost {
			db.log.Error("the database is lost; valid tokens are served from memory, and nothing can be renewed or changed until it is back",
				"database", p.place(), "error", p.judge(ctx, err))
		}
		lost = true
		p.lose()
		select {
		case <-ctx.Done():
			return
		case <-time.After(p.retry):
		}
	}
}

// listen passes on notices of other nodes over one connection until it breaks.
func (p *postgres) listen(ctx context.Context, node string, changes chan<- ledger.Change, heard func()) error {
	conn, err := pgx.ConnectConfig(ctx, p.config.Copy())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it is broken, or not needed
	var channel string
	if err := conn.QueryRow(ctx, channelQuery).Scan(&channel); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	heard()
	pass(ctx, changes, ledger.Change{}) // of what came before
	for {
		received, err := p.next(ctx, conn)
		if err != nil {
			return err
		}
		if received.By != node {
			pass(ctx, changes, received.Change)
		}
	}
}

// next waits for a notice, and in between makes sure that the connection lives.
func (p *postgres) next(ctx context.Context, conn *pgx.Conn) (notice, error) {
	for {
		wait, cancel := context.WithTimeout(ctx, p.beat)
		message, err := conn.WaitForNotification(wait)
		silent := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil {
			var received notice
			if json.Unmarshal([]byte(message.Payload), &received) != nil {
				received = notice{} // from a program that is not ours; to be safe, anything changed
			}
			return received, nil
		}
		if !silent {
			return notice{}, err
		}
		if err := p.ask(ctx, conn); err != nil {
			return notice{}, err
		}
	}
}

// ask makes sure that the server answers and still takes writes: after a
// failover an old primary may go on as a replica.
func (p *postgres) ask(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	var replica bool
	if err := conn.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&replica); err != nil {
		return fmt.Errorf("the server is silent: %w", err)
	}
	if replica {
		return p.told().ReadOnly(nil)
	}
	return nil
}
