package wizard

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/bruno"
	"github.com/valetkey/valetkey/internal/importer/celigo"
	"github.com/valetkey/valetkey/internal/importer/curl"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/insomnia"
	"github.com/valetkey/valetkey/internal/importer/known"
	"github.com/valetkey/valetkey/internal/importer/n8n"
	"github.com/valetkey/valetkey/internal/importer/openapi"
	"github.com/valetkey/valetkey/internal/importer/postman"
	"github.com/valetkey/valetkey/internal/importer/powerplatform"
	"github.com/valetkey/valetkey/internal/importer/tokenstore"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// kind is a program whose files can be brought.
type kind struct {
	name string
	read func(files []draft.File, name string) (draft.Draft, error)
}

// kinds are tried in this order where nobody says which it is: those that know
// their own files best come first.
func kinds() []kind {
	return []kind{
		{"postman", postman.Read}, {"powerplatform", powerplatform.Read}, {"openapi", openapi.Read}, {"insomnia", insomnia.Read},
		{"bruno", bruno.Read}, {"n8n", n8n.Read}, {"celigo", celigo.Read}, {"tokens", tokenstore.Read}, {"curl", curl.Read},
	}
}

func kindNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// read makes a draft of files or of pasted text.
func (z *Wizard) read(w http.ResponseWriter, r *http.Request) error {
	form := map[string]string{"kind": r.PostFormValue("kind"), "pasted": r.PostFormValue("pasted")}
	again := func(text string) error {
		return z.showChoice(w, r, choosePage{Form: form, Faults: page.Faults{"pasted": text}})
	}
	files, err := brought(r)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return again(z.Pages.Word("import.nothing"))
	}
	d, err := readDraft(form["kind"], files)
	if told(err) {
		return again(page.Sentences(fault.As(err)))
	}
	if err != nil {
		return err
	}
	askForClients(&d)
	if err := z.recognise(&d); err != nil {
		return err
	}
	return z.to(w, "/new/draft?shown="+z.shelf.Put(r, d))
}

// brought are the files of a form, or its text as one.
func brought(r *http.Request) ([]draft.File, error) {
	var files []draft.File
	if text := r.PostFormValue("pasted"); strings.TrimSpace(text) != "" {
		files = append(files, draft.File{Name: "pasted", Data: []byte(text)})
	}
	if r.MultipartForm == nil {
		return files, nil
	}
	for _, header := range r.MultipartForm.File["files"] {
		file, err := header.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(file)
		_ = file.Close()
		if err != nil {
			return nil, err
		}
		if len(data) > 0 {
			files = append(files, draft.File{Name: header.Filename, Data: data})
		}
	}
	return files, nil
}

// readDraft reads files of a kind; "" finds out which by trying. What no kind
// can read is told in the words of the one that came furthest.
func readDraft(name string, files []draft.File) (draft.Draft, error) {
	var first error
	for _, k := range kinds() {
		if name != "" && name != k.name {
			continue
		}
		d, err := k.read(files, "")
		if err == nil && (!d.Empty() || name != "") {
			return d, nil
		}
		first = cmp.Or(first, err)
	}
	if name == "" || first == nil {
		return draft.Draft{}, fault.New(api.CodeInvalid, "no program that is known here wrote this, or it holds no OAuth 2.0 settings").
			WithHint("say which program it is from, and export it whole, with its authentication")
	}
	return draft.Draft{}, first
}

// askForClients gives each provider that no client is of one without an id: who
// takes the draft over is asked for it.
func askForClients(d *draft.Draft) {
	for name := range d.Providers {
		if _, taken := d.Clients[name]; !taken && !slices.ContainsFunc(slices.Collect(maps.Values(d.Clients)), func(c api.ClientSpec) bool { return c.Provider == name }) {
			d.Clients[name] = api.ClientSpec{Provider: name}
		}
	}
}

// recognise puts built-in providers in the place of those with their endpoints.
func (z *Wizard) recognise(d *draft.Draft) error {
	shipped, err := catalog.BuiltIn()
	if err != nil {
		return err
	}
	listed, err := shipped.List()
	if err != nil {
		return err
	}
	full := make([]api.Provider, 0, len(listed))
	for _, summary := range listed {
		p, _, err := shipped.Provider(summary.Name)
		if err != nil {
			return err
		}
		p.Name = summary.Name
		full = append(full, p)
	}
	known.Recognise(d, full)
	return nil
}

// draftPage is what was read, with what could not be carried over.
type draftPage struct {
	draft.Draft
	ID    string
	Takes bool // something of it can be taken over
	Fault string
}

// HasToken says whether a connection comes with its token.
func (p draftPage) HasToken(connection string) bool {
	_, has := p.Tokens[connection]
	return has
}

func (z *Wizard) showDraft(w http.ResponseWriter, r *http.Request, p draftPage) error {
	p.Takes = len(p.Providers)+len(p.Clients) > 0
	for _, c := range p.Connections {
		p.Takes = p.Takes || z.hasClient(r, c.Client)
	}
	var faults page.Faults
	if p.Fault != "" {
		faults = page.Faults{"": p.Fault}
	}
	return z.show(w, r, "new-draft", faults, p)
}

// hasClient says whether there is such a client, for connections whose file names
// it only.
func (z *Wizard) hasClient(r *http.Request, name string) bool {
	if name == "" {
		return false
	}
	_, err := z.Catalogue.Client(r.Context(), name)
	return err == nil
}

func (z *Wizard) draft(w http.ResponseWriter, r *http.Request) error {
	d, ok := shelf.Take[draft.Draft](z.shelf, r, false)
	if !ok {
		return gone()
	}
	return z.showDraft(w, r, draftPage{Draft: d, ID: r.URL.Query().Get("shown")})
}

// apply takes a draft over. It changes nothing that is there: what has a name
// that is taken gets another.
func (z *Wizard) apply(w http.ResponseWriter, r *http.Request) error {
	id := r.PostFormValue("shown")
	d, ok := shelf.Get[draft.Draft](z.shelf, r, id, false)
	if !ok {
		return gone()
	}
	for _, name := range slices.Sorted(maps.Keys(d.Providers)) {
		if err := checkDescription(name, d.Providers[name]); told(err) {
			return z.complete(w, r, name, d.Providers[name], fault.As(err))
		}
	}
	to, err := z.takeOver(r, d)
	if told(err) {
		return z.showDraft(w, r, draftPage{Draft: d, ID: id, Fault: page.Sentences(fault.As(err))})
	}
	if err != nil {
		return err
	}
	_, _ = shelf.Get[draft.Draft](z.shelf, r, id, true) // it is not to be taken over twice
	return z.to(w, to)
}

// takeOver writes a draft and says where it goes on. What was written before
// something is refused is taken back.
func (z *Wizard) takeOver(r *http.Request, d draft.Draft) (to string, err error) {
	t := taking{wizard: z, r: r, providers: make(map[string]string), clients: make(map[string]string)}
	defer func() {
		if err != nil {
			t.undo()
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(d.Providers)) {
		if err := t.provider(name, d.Providers[name]); err != nil {
			return "", err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Clients)) {
		if err := t.client(name, d.Clients[name]); err != nil {
			return "", err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Connections)) {
		set, has := d.Tokens[name]
		if err := t.connection(name, d.Connections[name], set, has); err != nil {
			return "", err
		}
	}
	return t.next(), nil
}

// taking is a draft on its way: which names became which, and what was made.
type taking struct {
	wizard             *Wizard
	r                  *http.Request
	providers, clients map[string]string
	made               []string // connections
	asks               string   // the provider of a client whose id is asked for
}

func (t *taking) provider(name string, p api.Provider) error {
	as := t.wizard.freeName(t.r, name)
	t.providers[name] = as
	_, err := t.wizard.Writer.PutProvider(t.r.Context(), as, p)
	return err
}

func (t *taking) client(name string, spec api.ClientSpec) error {
	as := t.wizard.freeClient(t.r, name)
	spec.Provider = cmp.Or(t.providers[spec.Provider], spec.Provider)
	if spec.ClientID == "" { // its connections are set up by hand, at the provider's page
		t.asks = cmp.Or(t.asks, spec.Provider)
		return nil
	}
	_, err := t.wizard.Writer.PutClient(t.r.Context(), as, spec)
	if err == nil {
		t.clients[name] = as
	}
	return err
}

func (t *taking) connection(name string, spec api.ConnectionSpec, set api.TokenImport, has bool) error {
	client, made := t.clients[spec.Client]
	switch {
	case made:
	case t.wizard.hasClient(t.r, spec.Client):
		client = spec.Client
	default:
		return nil
	}
	as := t.wizard.freeConnection(t.r, name)
	spec.Client = client
	if _, err := t.wizard.Writer.PutConnection(t.r.Context(), as, spec); err != nil {
		return err
	}
	t.made = append(t.made, as)
	if !has {
		return nil
	}
	_, err := t.wizard.Writer.ImportToken(t.r.Context(), as, set)
	return err
}

// undo takes back what was made, in the order in which things hold each other.
// A provider stays: it does nothing without a client.
func (t *taking) undo() {
	for _, name := range t.made {
		_ = t.wizard.Writer.DeleteConnection(t.r.Context(), name)
	}
	for _, name := range t.clients {
		_ = t.wizard.Writer.DeleteClient(t.r.Context(), name)
	}
}

// next is where a person goes on: to the consent of the one connection, to the
// fields of the one provider, or to the list.
func (t *taking) next() string {
	switch {
	case len(t.made) == 1:
		return "/new/connection/" + url.PathEscape(t.made[0])
	case len(t.made) > 1:
		return "/connections"
	case t.asks != "":
		return "/new/provider/" + url.PathEscape(t.asks)
	case len(t.providers) > 0:
		return "/new/provider/" + url.PathEscape(t.providers[slices.Sorted(maps.Keys(t.providers))[0]])
	}
	return "/new"
}

func (z *Wizard) freeClient(r *http.Request, name string) string {
	return free(name, func(name string) bool {
		_, err := z.Catalogue.Client(r.Context(), name)
		return !missing(err)
	})
}

func (z *Wizard) freeConnection(r *http.Request, name string) string {
	return free(name, func(name string) bool {
		_, err := z.Connections.Connection(r.Context(), name)
		return !missing(err)
	})
}

// free is a name that is not taken: with a number behind where it must be.
func free(name string, taken func(name string) bool) string {
	as := name
	for n := 2; n < 1000 && taken(as); n++ {
		as = name + "-" + strconv.Itoa(n)
	}
	return as
}
