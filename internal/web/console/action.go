package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
)

// confirmPage asks before something that cannot be taken back.
type confirmPage struct {
	Name, Action string
}

func (c *Console) confirm(w http.ResponseWriter, r *http.Request) error {
	action := r.PathValue("confirm")
	if action != "revoke" && action != "delete" {
		return access.NoConnection(r.PathValue("name") + "/" + action)
	}
	connection, err := c.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return c.render(w, r, "confirm", confirmPage{connection.Name, action})
}

// authorize begins an authorization in this browser. The page of the flow leads
// to the provider: a form may not, redirects included.
func (c *Console) authorize(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if c.supplied(r.Context(), name) {
		return c.back(w, "/new/connection/"+url.PathEscape(name)+"#bring")
	}
	begun, err := c.Grants.Begin(r.Context(), name, api.AuthorizeRequest{
		ReturnTo: c.PublicURL + linkTo(name), Prompt: r.PostFormValue("prompt"),
	})
	if err != nil {
		return err
	}
	return c.back(w, "/oauth/done/"+url.PathEscape(begun.Flow))
}

// supplied says whether a connection is authorized by what a person brings to a
// page, and not at the provider.
func (c *Console) supplied(ctx context.Context, name string) bool {
	connection, err := c.Connections.Connection(ctx, name)
	if err != nil {
		return false
	}
	var provider api.Provider // one that is gone takes no page with it
	if client, err := c.Catalogue.Client(ctx, connection.Client); err == nil {
		provider, _ = c.Catalogue.Provider(ctx, client.Provider)
	}
	return arrangement.Arrangement{
		Connection: ledger.Connection{Spec: connection.ConnectionSpec}, Described: provider, Grant: arrangement.GrantOf(connection.ConnectionSpec, provider),
	}.Supplied()
}

func (c *Console) refresh(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.Grants.Refresh(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return c.back(w, linkTo(r.PathValue("name"))+"?done=refreshed")
}

func (c *Console) revoke(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.Grants.Revoke(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return c.back(w, linkTo(r.PathValue("name"))+"?done=revoked")
}

func (c *Console) remove(w http.ResponseWriter, r *http.Request) error {
	if err := c.Connections.DeleteConnection(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return c.back(w, "/connections?done=deleted")
}

// debug keeps the exchanges of a connection for some minutes, or ends that.
func (c *Console) debug(w http.ResponseWriter, r *http.Request) error {
	connection, err := c.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	minutes, _ := strconv.Atoi(r.PostFormValue("minutes")) // what is no number ends it
	if minutes <= 0 {
		c.Calls.Debug(connection.Name, time.Time{})
		return c.back(w, linkTo(connection.Name)+"?done=debug_off#debug")
	}
	c.Calls.Debug(connection.Name, c.Now().Add(time.Duration(minutes)*time.Minute))
	return c.back(w, linkTo(connection.Name)+"?done=debug_on#debug")
}
