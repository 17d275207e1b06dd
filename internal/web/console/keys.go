package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// keysPage is the callers' keys, with the form that makes one.
type keysPage struct {
	Keys   []api.Key
	Form   keyForm
	Made   *api.NewKey // shown once
	Secret string
	Faults page.Faults
	Roles  []api.Role
}

type keyForm struct{ Name, Role, Connections, Days string }

func (c *Console) keys(w http.ResponseWriter, r *http.Request) error {
	p := keysPage{Form: keyForm{Role: string(api.RoleCaller)}}
	if made, ok := shelf.Take[api.NewKey](c.shelf, r, true); ok {
		p.Made, p.Secret = &made, string(made.Secret)
	}
	return c.showKeys(w, r, http.StatusOK, p)
}

func (c *Console) showKeys(w http.ResponseWriter, r *http.Request, status int, p keysPage) error {
	var err error
	if p.Keys, err = c.Keys.List(r.Context()); err != nil {
		return err
	}
	p.Roles = []api.Role{api.RoleCaller, api.RoleProxy, api.RoleViewer, api.RoleOperator}
	c.Pages.Render(w, r, status, "keys", p)
	return nil
}

func (c *Console) createKey(w http.ResponseWriter, r *http.Request) error {
	form := keyForm{
		Name: strings.TrimSpace(r.PostFormValue("name")), Role: r.PostFormValue("role"),
		Connections: r.PostFormValue("connections"), Days: strings.TrimSpace(r.PostFormValue("days")),
	}
	spec := api.KeySpec{Name: form.Name, Role: api.Role(form.Role), Connections: strings.Fields(strings.ReplaceAll(form.Connections, ",", " "))}
	if form.Days != "" {
		days, err := strconv.Atoi(form.Days)
		if err != nil || days < 1 || days > 3650 {
			return c.showKeys(w, r, http.StatusBadRequest, keysPage{Form: form, Faults: page.Faults{"days": c.Pages.Word("keys.days_fault")}})
		}
		at := c.Now().UTC().AddDate(0, 0, days)
		spec.ExpiresAt = &at
	}
	made, err := c.Keys.Create(r.Context(), spec)
	if shown := fault.As(err); err != nil && (shown.Code == api.CodeInvalid || shown.Code == api.CodeConflict) {
		return c.showKeys(w, r, fault.Status(shown.Code), keysPage{Form: form, Faults: page.Faults{faultyField(shown): page.Sentences(shown)}})
	}
	if err != nil {
		return err
	}
	return c.back(w, "/keys?shown="+c.shelf.Put(r, made))
}

// faultyField is the field of the form that a key's fault speaks of.
func faultyField(shown *fault.Error) string {
	switch {
	case strings.Contains(shown.Message, "connection"):
		return "connections"
	case strings.Contains(shown.Message, "role"):
		return "role"
	}
	return "name"
}

func (c *Console) revokeKey(w http.ResponseWriter, r *http.Request) error {
	if err := c.Keys.Revoke(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return c.back(w, "/keys?done=key_revoked")
}
