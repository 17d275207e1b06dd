package session

import (
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

// firstRunForm asks for a name and a password in exchange for a code.
type firstRunForm struct {
	Code, Name string
	Faults     page.Faults
}

// FirstRunPath is where a one-time code is shown.
func FirstRunPath(code string) string { return "/first-run?code=" + code }

func (d *Desk) firstRunPage(w http.ResponseWriter, r *http.Request) {
	d.Pages.Render(w, r, http.StatusOK, "first-run", firstRunForm{Code: r.URL.Query().Get("code"), Name: "operator"})
}

func (d *Desk) firstRun(w http.ResponseWriter, r *http.Request) {
	form := firstRunForm{Code: r.PostFormValue("code"), Name: strings.TrimSpace(r.PostFormValue("name"))}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		form.Faults = page.Faults{"again": d.Pages.Word("first_run.differ")}
		d.Pages.Render(w, r, http.StatusBadRequest, "first-run", form)
		return
	}
	err := d.Operators.Redeem(r.Context(), form.Code, form.Name, password)
	switch shown := fault.As(err); {
	case err == nil:
		token, s, err := d.Operators.Begin(r.Context(), form.Name, addressOf(r))
		if err != nil {
			page.Fail(d.Pages, w, r, d.Log, err)
			return
		}
		d.admit(w, s, token, "/overview?done=first_run")
	case shown.Code == api.CodeInvalid:
		field := "password"
		if strings.Contains(shown.Message, "is not a name") {
			field = "name"
		}
		form.Faults = page.Faults{field: page.Sentences(shown)}
		d.Pages.Render(w, r, http.StatusBadRequest, "first-run", form)
	case shown.Code == api.CodeForbidden:
		form.Faults = page.Faults{"": page.Sentences(shown)}
		d.Pages.Render(w, r, http.StatusForbidden, "first-run", form)
	default:
		page.Fail(d.Pages, w, r, d.Log, err)
	}
}
