package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
)

// Keyring lists the keys that seal secrets, without the keys themselves.
func (c *Client) Keyring(ctx context.Context) (api.Keyring, error) {
	var out api.Keyring
	err := c.do(ctx, request{method: http.MethodGet, path: []string{"v1", "keyring"}}, &out)
	return out, err
}

// RotateKeyring adds a key, with which everything is then sealed.
func (c *Client) RotateKeyring(ctx context.Context) (api.Keyring, error) {
	return c.keyring(ctx, "rotate", nil)
}

// StepKeyring seals a batch anew. A server does so by itself.
func (c *Client) StepKeyring(ctx context.Context) (api.Keyring, error) {
	return c.keyring(ctx, "step", nil)
}

// RewrapKeyring seals the keyring under another master key.
func (c *Client) RewrapKeyring(ctx context.Context, uri string) (api.Keyring, error) {
	return c.keyring(ctx, "rewrap", api.MasterKey{URI: uri})
}

func (c *Client) keyring(ctx context.Context, verb string, body any) (api.Keyring, error) {
	var out api.Keyring
	err := c.do(ctx, request{method: http.MethodPost, path: []string{"v1", "keyring", verb}, body: body}, &out)
	return out, err
}

// RetireKey sets an old key of the keyring aside.
func (c *Client) RetireKey(ctx context.Context, id string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: []string{"v1", "keyring", "keys", id}}, nil)
}

// Backup writes a backup to w. It is whole when the error is nil and the file
// ends as it should, which valetkey restore checks.
func (c *Client) Backup(ctx context.Context, w io.Writer, r api.BackupRequest) error {
	req, err := c.newRequest(ctx, request{method: http.MethodPost, path: []string{"v1", "backup"}, body: r})
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(c.name, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return c.problemOf(res)
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return unreachable(c.name, err)
	}
	return nil
}

// ConfirmRestored lets a connection that came from a backup be renewed again.
func (c *Client) ConfirmRestored(ctx context.Context, connection string) (api.Connection, error) {
	var out api.Connection
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "confirm")}, &out)
	return out, err
}

// Audit walks the audit trail, newest first. Limit and Before of the filter are
// not used: leave the walk where it is enough.
func (c *Client) Audit(ctx context.Context, filter api.AuditFilter) iter.Seq2[api.AuditEntry, error] {
	query := url.Values{}
	for name, value := range map[string]string{"actor": filter.Actor, "action": filter.Action, "subject": filter.Subject} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if !filter.Since.IsZero() {
		query.Set("since", filter.Since.UTC().Format(time.RFC3339))
	}
	return pages[api.AuditEntry](ctx, c, []string{"v1", "audit"}, "entries", query)
}
