package postman

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// Read reads collections, environments and globals, in any order, as one
// draft. The name, if any, is the name of what comes of them. The error has
// [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	r := reader{draft: &d, builder: form.NewBuilder(&d), name: name}
	var collections []draft.Value
	var globals, environments form.Variables
	for _, file := range files {
		v, err := d.Parse(file)
		if err != nil {
			return d, err
		}
		if inner := v.Get("collection"); inner.IsMap() {
			v = inner // as Postman's API answers
		}
		if inner := v.Get("environment"); inner.IsMap() {
			v = inner
		}
		switch {
		case v.Get("info").IsMap() || v.Get("item").IsList():
			collections = append(collections, v)
		case v.Get("values").IsList() && v.Get("_postman_variable_scope").Text() == "globals":
			globals = globals.With(r.values(v.Get("values")))
		case v.Get("values").IsList():
			environments = environments.With(r.values(v.Get("values")))
		case v.Get("requests").IsList() && v.Get("order").Exists():
			return d, fault.New(api.CodeInvalid, "%s is a Postman collection of version 1", file.Name).
				WithHint("export it from Postman as Collection v2.1")
		default:
			return d, fault.New(api.CodeInvalid, "%s is neither a Postman collection nor an environment", file.Name).
				WithHint("export it from Postman as Collection v2.1")
		}
	}
	for _, c := range collections {
		r.collection(c, globals, environments)
	}
	if len(collections) == 0 {
		d.Add(draft.Note{Where: files[0].Name, What: "an environment alone", Why: "OAuth settings stand in collections", Do: "import the collection together with it"})
	}
	return d, nil
}

// reader is one import.
type reader struct {
	draft   *draft.Draft
	builder *form.Builder
	name    string

	collectionName string
	vars           form.Variables
	groups         map[string]*group // by where the auth block stands
	order          []string
}

// values reads a list of variables. Those switched off do not count.
func (r *reader) values(list draft.Value) map[string]string {
	found := make(map[string]string)
	for _, v := range list.Items() {
		key, off := firstText(v, "key", "id"), v.Get("enabled").Text() == "false" || v.Get("disabled").Bool()
		if key == "" || off {
			continue
		}
		value := v.Get("value")
		if value.IsMap() || value.IsList() {
			r.draft.Add(draft.Note{Where: value.Where(), What: "a variable that is no text", Why: "only text can be filled in"})
			continue
		}
		found[key] = value.Text()
	}
	return found
}

func firstText(v draft.Value, keys ...string) string {
	for _, key := range keys {
		if text := strings.TrimSpace(v.Get(key).Text()); text != "" {
			return text
		}
	}
	return ""
}
