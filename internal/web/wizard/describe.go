package wizard

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
	"github.com/valetkey/valetkey/internal/web/page"
)

// describePage is a provider's description: fields for what is set most, and the
// rest as YAML.
type describePage struct {
	Name, Text string
	Own        bool // it is there and can be changed
	Groups     []fieldGroup
	Wrong      []wrongField
	Faults     page.Faults
}

// describe shows an empty description, or that of ?from= to be changed. What is
// built in is copied under another name.
func (z *Wizard) describe(w http.ResponseWriter, r *http.Request) error {
	from := r.URL.Query().Get("from")
	if from == "" {
		return z.showDescription(w, r, describePage{}, nil)
	}
	p, err := z.Catalogue.Provider(r.Context(), from)
	if err != nil {
		return err
	}
	shown := describePage{Name: p.Name, Own: !p.BuiltIn}
	if p.BuiltIn {
		shown.Name = z.freeName(r, p.Name+"-own")
	}
	p.Name, p.BuiltIn = "", false
	typed, rest, err := providerTable().texts(p)
	if err != nil {
		return err
	}
	shown.Text = rest
	return z.showDescription(w, r, shown, typed)
}

func (z *Wizard) showDescription(w http.ResponseWriter, r *http.Request, p describePage, typed map[string]string) error {
	p.Groups = z.groups(providerTable(), "", typed, func(f field) field {
		f.Fault = p.Faults[f.ID]
		return f
	})
	p.Groups[0].Open = true
	own := func(id, label string) field {
		return field{ID: id, Label: z.Pages.Word(label), Fault: p.Faults[id]}
	}
	p.Wrong = wrongIn([]field{own("name", "describe.name")}, fieldsOf(p.Groups), []field{own("text", "describe.text")})
	return z.show(w, r, "new-describe", p.Faults, p)
}

func (z *Wizard) described(w http.ResponseWriter, r *http.Request) error {
	p := describePage{Name: strings.TrimSpace(r.PostFormValue("name")), Text: r.PostFormValue("text"), Own: r.PostFormValue("own") != ""}
	typed := posted(r, "", providerTable())
	again := func(field, text string) error {
		p.Faults = page.Faults{field: text}
		return z.showDescription(w, r, p, typed)
	}
	switch {
	case p.Name == "":
		return again("name", z.Pages.Word("wizard.needed"))
	case !p.Own && z.freeName(r, p.Name) != p.Name:
		return again("name", z.Pages.Word("wizard.taken"))
	}
	said, faults := read[api.Provider](z, providerTable(), typed, p.Text)
	if text := faults[fieldRest]; text != "" {
		return again("text", text)
	}
	if p.Faults = faults; len(faults) > 0 {
		return z.showDescription(w, r, p, typed)
	}
	err := checkDescription(p.Name, said)
	if err == nil {
		_, err = z.Writer.PutProvider(r.Context(), p.Name, said)
	}
	if told(err) {
		return again(describes(fault.As(err)))
	}
	if err != nil {
		return err
	}
	return z.to(w, "/new/provider/"+url.PathEscape(p.Name))
}

// complete shows a description that was read elsewhere and lacks something, with
// what it lacks beside the field.
func (z *Wizard) complete(w http.ResponseWriter, r *http.Request, name string, p api.Provider, wrong *fault.Error) error {
	p.Name, p.BuiltIn = "", false
	typed, rest, err := providerTable().texts(p)
	if err != nil {
		return err
	}
	field, said := describes(wrong)
	return z.showDescription(w, r, describePage{Name: z.freeName(r, name), Text: rest, Faults: page.Faults{field: said}}, typed)
}

// checkDescription holds a description to what a file of the catalogue is held to.
func checkDescription(name string, p api.Provider) error {
	p.Name, p.BuiltIn = "", false
	text, err := strictyaml.Encode(p)
	if err != nil {
		return err
	}
	_, err = catalog.ParseProvider(name+".yaml", text)
	return err
}

// describes is the field of a description that a refusal speaks of, and what it
// says there: the lines of the text that was checked are nobody's.
func describes(f *fault.Error) (field, text string) {
	text = regexp.MustCompile(`[^\s:]+\.yaml:\d+:\d+: `).ReplaceAllString(page.Sentences(f), "")
	if f.Code == api.CodeConflict || strings.HasPrefix(f.Message, "the provider name") {
		return "name", text
	}
	best := "text"
	for _, s := range providerTable().all() {
		if strings.Contains(f.Message, s.path+":") && (best == "text" || len(s.path) > len(best)) {
			best = s.path
		}
	}
	return best, text
}
