package wizard

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
	"github.com/valetkey/valetkey/internal/web/page"
)

// describePage is a provider's description as text.
type describePage struct {
	Name, Text string
	Own        bool // it is there and can be changed
	Faults     page.Faults
}

// describe shows an empty description, or that of ?from= to be changed. What is
// built in is copied under another name.
func (z *Wizard) describe(w http.ResponseWriter, r *http.Request) error {
	from := r.URL.Query().Get("from")
	if from == "" {
		return z.show(w, r, "new-describe", nil, describePage{Text: "authorization_endpoint: https://\ntoken_endpoint: https://\napi:\n  base_url: https://\n"})
	}
	p, err := z.Catalogue.Provider(r.Context(), from)
	if err != nil {
		return err
	}
	name, own := p.Name, !p.BuiltIn
	if p.BuiltIn {
		name = z.freeName(r, name+"-own")
	}
	p.Name, p.BuiltIn = "", false
	text, err := strictyaml.Encode(p)
	if err != nil {
		return err
	}
	return z.show(w, r, "new-describe", nil, describePage{Name: name, Text: string(text), Own: own})
}

func (z *Wizard) described(w http.ResponseWriter, r *http.Request) error {
	p := describePage{Name: strings.TrimSpace(r.PostFormValue("name")), Text: r.PostFormValue("text"), Own: r.PostFormValue("own") != ""}
	if p.Name == "" {
		p.Faults = page.Faults{"name": z.Pages.Word("wizard.needed")}
		return z.show(w, r, "new-describe", p.Faults, p)
	}
	if !p.Own && z.freeName(r, p.Name) != p.Name {
		p.Faults = page.Faults{"name": z.Pages.Word("wizard.taken")}
		return z.show(w, r, "new-describe", p.Faults, p)
	}
	described, err := catalog.ParseProvider(p.Name+".yaml", []byte(p.Text))
	if err == nil {
		_, err = z.Writer.PutProvider(r.Context(), p.Name, described)
	}
	if told(err) {
		f := fault.As(err)
		field := "text"
		if f.Code == api.CodeConflict || strings.HasPrefix(f.Message, "the provider name") {
			field = "name"
		}
		p.Faults = page.Faults{field: page.Sentences(f)}
		return z.show(w, r, "new-describe", p.Faults, p)
	}
	if err != nil {
		return err
	}
	return z.to(w, "/new/provider/"+url.PathEscape(p.Name))
}
