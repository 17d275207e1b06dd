package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// connectError is how pgx reports that no connection was made.
type connectError = pgconn.ConnectError

// SQLSTATE codes, by the names of PostgreSQL's own list.
const (
	foreignKeyViolation   = "23503"
	uniqueViolation       = "23505"
	notInRepertoire       = "22021"
	untranslatable        = "22P05"
	readOnlyTransaction   = "25006"
	invalidAuthorization  = "28000"
	invalidPassword       = "28P01"
	invalidCatalog        = "3D000"
	serializationFailure  = "40001"
	deadlockDetected      = "40P01"
	insufficientPrivilege = "42501"
	diskFull              = "53100"
	tooManyConnections    = "53300"
	queryCanceled         = "57014"
	adminShutdown         = "57P01"
	crashShutdown         = "57P02"
	cannotConnectNow      = "57P03"
)

// sqlState is the server's code for an error, or "".
func sqlState(err error) string {
	var found *pgconn.PgError
	if errors.As(err, &found) {
		return found.Code
	}
	return ""
}

// isLost reports whether an error says that the server is not there.
func isLost(err error) bool {
	switch sqlState(err) {
	case adminShutdown, crashShutdown, cannotConnectNow:
		return true
	case "":
	default:
		return false
	}
	var connect *connectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded)
}

// judge gives an error of the server its meaning: the context's own error when
// the caller gave up, the broker's for a constraint, a fault with a remedy for
// what an operator can mend.
func (p *postgres) judge(ctx context.Context, err error) error {
	if err == nil || isFault(err) {
		return err
	}
	state := sqlState(err)
	ended := state == queryCanceled || errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) || isLost(err)
	if ctx.Err() != nil && ended {
		return ctx.Err()
	}
	switch state {
	case uniqueViolation:
		return ledger.ErrExists
	case foreignKeyViolation:
		return ledger.ErrNotFound
	}
	if known := p.configurationFault(state, err); known != nil {
		return known
	}
	if known := p.outageFault(state, err); known != nil {
		return known
	}
	if state != "" {
		return fmt.Errorf("database: %w", err)
	}
	return err
}

// configurationFault explains what an operator must change, or is nil.
func (p *postgres) configurationFault(state string, err error) error {
	user, database := p.config.User, p.config.Database
	switch state {
	case invalidPassword:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s refuses the password of user %q", p.place(), user).
			WithHint("correct the password in VALETKEY_DATABASE, or in the file of VALETKEY_DATABASE_FILE; in a URL, characters but letters and digits are written as %%XX")
	case invalidAuthorization:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s lets user %q not in", p.place(), user).
			WithHint("check that the user exists (CREATE ROLE %s LOGIN), and that pg_hba.conf allows it from here, with or without TLS as the URL's sslmode says", user)
	case invalidCatalog:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s does not exist", p.place()).
			WithHint("create it: createdb --owner=%s %s", user, database)
	case insufficientPrivilege:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s does not let user %q do what is needed", p.place(), user).
			WithHint("make the user the owner: ALTER DATABASE %s OWNER TO %s; and in it: GRANT ALL ON SCHEMA public TO %s", database, user, user)
	case notInRepertoire, untranslatable:
		return fault.Wrap(err, api.CodeInvalid, "PostgreSQL cannot keep a text with a NUL or a character its encoding lacks").
			WithHint("leave the character out; the database's encoding must be UTF8")
	}
	return nil
}

// outageFault explains why the server cannot serve just now, or is nil.
func (p *postgres) outageFault(state string, err error) error {
	var connect *connectError
	switch {
	case state == readOnlyTransaction:
		return readOnlyFault(err, p.place())
	case state == diskFull:
		return fault.Wrap(err, api.CodeUnavailable, "%s has no room left", p.place()).
			WithHint("free some room on the database server's disk; nothing that was saved is lost")
	case state == tooManyConnections:
		return fault.Wrap(err, api.CodeUnavailable, "%s has no connection left", p.place()).
			WithHint("raise max_connections on the server: each node uses up to %d", postgresConns+1)
	case state == serializationFailure, state == deadlockDetected:
		return fault.Wrap(err, api.CodeUnavailable, "%s gave the change up for another one's sake, %d times", p.place(), maxTries).
			WithHint("try again; nothing was changed")
	case isCertificate(err):
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s shows a certificate that is not trusted", p.place()).
			WithHint("name the authority that signed it in the URL: ?sslmode=verify-full&sslrootcert=/path/to/ca.pem")
	case errors.As(err, &connect):
		return fault.Wrap(err, api.CodeUnavailable, "%s cannot be reached: %s", p.place(), whyNot(err)).
			WithHint("check that the server runs and that --database names its host and port; pg_isready -h %s -p %d tells", p.config.Host, p.config.Port)
	case isLost(err):
		return fault.Wrap(err, api.CodeUnavailable, "%s is gone: %s", p.place(), whyNot(err)).
			WithHint("check the database server; valid tokens are served meanwhile, and nothing that was saved is lost")
	}
	return nil
}

func readOnlyFault(err error, place string) error {
	return fault.Wrap(err, api.CodeUnavailable, "%s is read-only: a replica, or a primary that another server took over from", place).
		WithHint("name the primary; with several servers: --database 'postgres://user@one,two/database?target_session_attrs=read-write'")
}

func isCertificate(err error) bool {
	var refused *tls.CertificateVerificationError
	return errors.As(err, &refused)
}

// whyNot is the reason of a lost connection, in words that hold no address and
// no secret.
func whyNot(err error) string {
	var number syscall.Errno
	var lookup *net.DNSError
	var server *pgconn.PgError
	switch {
	case errors.As(err, &server):
		return server.Message
	case errors.As(err, &lookup):
		return "its name is not known"
	case errors.As(err, &number):
		return number.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer"
	}
	return "the connection was closed"
}
