package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Trail is who changed what; *audit.Log has it.
type Trail interface {
	Entries(ctx context.Context, filter api.AuditFilter) ([]api.AuditEntry, error)
}

// Keyring is the keys that seal secrets at rest.
type Keyring interface {
	Status(ctx context.Context) (api.Keyring, error)
}

// Custody is what keeps the installation as a whole. Each may be nil: there is
// no such page then.
type Custody struct {
	Trail   Trail
	Keyring Keyring
}

// auditPage is a page of the audit trail, newest first.
type auditPage struct {
	Actor, Action, Subject string
	Entries                []api.AuditEntry
	Next                   string // the path and query of the next page; "": this is the last
	First                  bool
}

func (c *Console) audit(w http.ResponseWriter, r *http.Request) error {
	if c.Trail == nil {
		return fault.New(api.CodeNotFound, "this server keeps no audit trail")
	}
	query := r.URL.Query()
	p := auditPage{
		Actor: strings.TrimSpace(query.Get("actor")), Action: strings.TrimSpace(query.Get("action")), Subject: strings.TrimSpace(query.Get("subject")),
		First: query.Get("before") == "",
	}
	filter := api.AuditFilter{Actor: p.Actor, Action: p.Action, Subject: p.Subject, Limit: pageSize + 1}
	if !p.First {
		before, err := strconv.ParseInt(query.Get("before"), 10, 64)
		if err != nil {
			return fault.New(api.CodeInvalid, "there is no such page of the audit trail").WithHint("begin at the first page")
		}
		filter.Before = before
	}
	found, err := c.Trail.Entries(r.Context(), filter)
	if err != nil {
		return err
	}
	p.Entries = found
	if len(found) > pageSize {
		p.Entries = found[:pageSize]
		next := url.Values{"before": {strconv.FormatInt(found[pageSize-1].ID, 10)}}
		for name, value := range map[string]string{"actor": p.Actor, "action": p.Action, "subject": p.Subject} {
			if value != "" {
				next.Set(name, value)
			}
		}
		p.Next = "/audit?" + next.Encode()
	}
	return c.render(w, r, "audit", p)
}

func (c *Console) keyring(w http.ResponseWriter, r *http.Request) error {
	if c.Keyring == nil {
		return fault.New(api.CodeNotFound, "this server shows no keyring")
	}
	status, err := c.Keyring.Status(r.Context())
	if err != nil {
		return err
	}
	return c.render(w, r, "keyring", status)
}
