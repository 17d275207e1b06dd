package outage

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

// ConnectError is how pgx reports that no connection was made.
type ConnectError = pgconn.ConnectError

// PostgreSQL is the server whose errors are told.
type PostgreSQL struct {
	Place          string // names it in messages; never a secret
	User, Database string
	Host           string
	Port           uint16
	Conns          int // that one node uses at most
	Tries          int // of a change that collides with another
}

// SQLSTATE codes, by the names of PostgreSQL's own list.
const (
	foreignKeyViolation   = "23503"
	uniqueViolation       = "23505"
	notInRepertoire       = "22021"
	untranslatable        = "22P05"
	ReadOnlyTransaction   = "25006"
	invalidAuthorization  = "28000"
	invalidPassword       = "28P01"
	invalidCatalog        = "3D000"
	SerializationFailure  = "40001"
	DeadlockDetected      = "40P01"
	insufficientPrivilege = "42501"
	diskFull              = "53100"
	tooManyConnections    = "53300"
	queryCanceled         = "57014"
	adminShutdown         = "57P01"
	crashShutdown         = "57P02"
	cannotConnectNow      = "57P03"
)

// SQLState is the server's code for an error, or "".
func SQLState(err error) string {
	var found *pgconn.PgError
	if errors.As(err, &found) {
		return found.Code
	}
	return ""
}

// IsLost reports whether an error says that the server is not there.
func IsLost(err error) bool {
	switch SQLState(err) {
	case adminShutdown, crashShutdown, cannotConnectNow:
		return true
	case "":
	default:
		return false
	}
	var connect *ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded)
}

// Judge gives an error of the server its meaning: the context's own error when
// the caller gave up, the broker's for a constraint, a fault with a remedy for
// what an operator can mend.
func (p PostgreSQL) Judge(ctx context.Context, err error) error {
	if err == nil || IsFault(err) {
		return err
	}
	state := SQLState(err)
	ended := state == queryCanceled || errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) || IsLost(err)
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
func (p PostgreSQL) configurationFault(state string, err error) error {
	user, database := p.User, p.Database
	switch state {
	case invalidPassword:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s refuses the password of user %q", p.Place, user).
			WithHint("correct the password in VALETKEY_DATABASE, or in the file of VALETKEY_DATABASE_FILE; in a URL, characters but letters and digits are written as %%XX")
	case invalidAuthorization:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s lets user %q not in", p.Place, user).
			WithHint("check that the user exists (CREATE ROLE %s LOGIN), and that pg_hba.conf allows it from here, with or without TLS as the URL's sslmode says", user)
	case invalidCatalog:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s does not exist", p.Place).
			WithHint("create it: createdb --owner=%s %s", user, database)
	case insufficientPrivilege:
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s does not let user %q do what is needed", p.Place, user).
			WithHint("make the user the owner: ALTER DATABASE %s OWNER TO %s; and in it: GRANT ALL ON SCHEMA public TO %s", database, user, user)
	case notInRepertoire, untranslatable:
		return fault.Wrap(err, api.CodeInvalid, "PostgreSQL cannot keep a text with a NUL or a character its encoding lacks").
			WithHint("leave the character out; the database's encoding must be UTF8")
	}
	return nil
}

// outageFault explains why the server cannot serve just now, or is nil.
func (p PostgreSQL) outageFault(state string, err error) error {
	var connect *ConnectError
	switch {
	case state == ReadOnlyTransaction:
		return p.ReadOnly(err)
	case state == diskFull:
		return fault.Wrap(err, api.CodeUnavailable, "%s has no room left", p.Place).
			WithHint("free some room on the database server's disk; nothing that was saved is lost")
	case state == tooManyConnections:
		return fault.Wrap(err, api.CodeUnavailable, "%s has no connection left", p.Place).
			WithHint("raise max_connections on the server: each node uses up to %d", p.Conns)
	case state == SerializationFailure, state == DeadlockDetected:
		return fault.Wrap(err, api.CodeUnavailable, "%s gave the change up for another one's sake, %d times", p.Place, p.Tries).
			WithHint("try again; nothing was changed")
	case isCertificate(err):
		return fault.Wrap(err, api.CodeNeedsConfiguration, "%s shows a certificate that is not trusted", p.Place).
			WithHint("name the authority that signed it in the URL: ?sslmode=verify-full&sslrootcert=/path/to/ca.pem")
	case errors.As(err, &connect):
		return fault.Wrap(err, api.CodeUnavailable, "%s cannot be reached: %s", p.Place, whyNot(err)).
			WithHint("check that the server runs and that --database names its host and port; pg_isready -h %s -p %d tells", p.Host, p.Port)
	case IsLost(err):
		return fault.Wrap(err, api.CodeUnavailable, "%s is gone: %s", p.Place, whyNot(err)).
			WithHint("check the database server; valid tokens are served meanwhile, and nothing that was saved is lost")
	}
	return nil
}

// ReadOnly is the fault of a server that takes no writes.
func (p PostgreSQL) ReadOnly(err error) error {
	return fault.Wrap(err, api.CodeUnavailable, "%s is read-only: a replica, or a primary that another server took over from", p.Place).
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

// IsFault tells a fault from an error that only wraps the database's.
func IsFault(err error) bool {
	var known *fault.Error
	return errors.As(err, &known)
}
