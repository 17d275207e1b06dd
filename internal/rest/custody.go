package rest

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Custody is what keeps the installation as a whole. Each may be nil.
type Custody struct {
	Keyring  Keyring
	Backups  Backups
	Audit    Audit
	Restored Restored
}

// Keyring is the keys that seal secrets.
type Keyring interface {
	Status(ctx context.Context) (api.Keyring, error)
	Rotate(ctx context.Context) (api.Keyring, error)
	Step(ctx context.Context) (api.Keyring, error)
	Rewrap(ctx context.Context, uri string) error
	Retire(ctx context.Context, id string) error
}

// Backups writes a backup. What it writes is whole only when it returns no error.
type Backups interface {
	Backup(ctx context.Context, to io.Writer, request api.BackupRequest) error
}

// Audit is the audit trail.
type Audit interface {
	Record(entry api.AuditEntry)
	Entries(ctx context.Context, filter api.AuditFilter) ([]api.AuditEntry, error)
}

// Restored are connections that came from a backup.
type Restored interface {
	ConfirmRestored(ctx context.Context, connection string) (api.Connection, error)
}

func none(what string) error {
	return fault.New(api.CodeNotFound, "this server has no %s", what)
}

func (s *Server) getKeyring(w http.ResponseWriter, r *http.Request) error {
	return s.keyring(w, func(k Keyring) (api.Keyring, error) { return k.Status(r.Context()) })
}

func (s *Server) rotateKeyring(w http.ResponseWriter, r *http.Request) error {
	return s.keyring(w, func(k Keyring) (api.Keyring, error) { return k.Rotate(r.Context()) })
}

func (s *Server) stepKeyring(w http.ResponseWriter, r *http.Request) error {
	return s.keyring(w, func(k Keyring) (api.Keyring, error) { return k.Step(r.Context()) })
}

func (s *Server) rewrapKeyring(w http.ResponseWriter, r *http.Request) error {
	var master api.MasterKey
	if err := decode(r, &master, api.MasterKey{}); err != nil {
		return err
	}
	return s.keyring(w, func(k Keyring) (api.Keyring, error) {
		if err := k.Rewrap(r.Context(), master.URI); err != nil {
			return api.Keyring{}, err
		}
		return k.Status(r.Context())
	})
}

func (s *Server) keyring(w http.ResponseWriter, do func(Keyring) (api.Keyring, error)) error {
	if s.config.Keyring == nil {
		return none("keyring")
	}
	status, err := do(s.config.Keyring)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, status)
}

func (s *Server) retireKey(w http.ResponseWriter, r *http.Request) error {
	if s.config.Keyring == nil {
		return none("keyring")
	}
	return deleted(w, s.config.Keyring.Retire(r.Context(), r.PathValue("name")))
}

func (s *Server) confirmRestored(w http.ResponseWriter, r *http.Request) error {
	if s.config.Restored == nil {
		return none("restored connections")
	}
	connection, err := s.config.Restored.ConfirmRestored(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, connection)
}

// backup streams the file. One that breaks off is no whole one, and its reader
// finds that out by the file itself.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) error {
	if s.config.Backups == nil {
		return none("backups")
	}
	var request api.BackupRequest
	if r.ContentLength != 0 {
		if err := decode(r, &request, api.BackupRequest{}); err != nil {
			return err
		}
	}
	noStore(w.Header())
	w.Header().Set("Content-Type", "application/vnd.valetkey.backup")
	out := &counted{ResponseWriter: w}
	err := s.config.Backups.Backup(r.Context(), out, request)
	if err != nil && out.begun {
		s.config.Log.Error("a backup broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// counted knows whether anything was written.
type counted struct {
	http.ResponseWriter
	begun bool
}

// Write implements [io.Writer].
func (c *counted) Write(p []byte) (int, error) {
	c.begun = true
	return c.ResponseWriter.Write(p)
}

// auditQuery narrows the audit trail.
type auditQuery struct {
	pageQuery
	Actor   string `query:"actor" description:"Who: the name of a key or an operator."`
	Action  string `query:"action" description:"What was done, such as client.put; a beginning of it will do."`
	Subject string `query:"subject" description:"To what: a name."`
	Since   string `query:"since" description:"Not before this time (RFC 3339)."`
}

func (s *Server) listAudit(w http.ResponseWriter, r *http.Request) error {
	if s.config.Audit == nil {
		return none("audit trail")
	}
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	filter := api.AuditFilter{
		Actor: query.Get("actor"), Action: query.Get("action"), Subject: query.Get("subject"), Limit: page.limit + 1,
	}
	if page.after != "" {
		if filter.Before, err = parseID(page.after); err != nil {
			return badCursor(err)
		}
	}
	if since := query.Get("since"); since != "" {
		if filter.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return fault.New(api.CodeInvalid, "since is not a time").WithHint("write it as 2026-01-31T12:00:00Z")
		}
	}
	entries, err := s.config.Audit.Entries(r.Context(), filter)
	if err != nil {
		return err
	}
	items, next := cut(entries, page.limit, func(e api.AuditEntry) string { return formatID(e.ID) })
	return answer(w, http.StatusOK, api.AuditList{Entries: present(items), NextCursor: next})
}
