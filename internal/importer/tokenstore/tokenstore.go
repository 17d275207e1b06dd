package tokenstore

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// The columns by their usual names, the most telling first.
func accessColumns() []string  { return []string{"access_token", "accesstoken", "bearer_token"} }
func refreshColumns() []string { return []string{"refresh_token", "refreshtoken"} }

// Read reads token stores as one draft. The name, if any, is the name of what
// comes of entries that have none. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	builder := form.NewBuilder(&d)
	for _, file := range files {
		rows, err := readFile(&d, file)
		if err != nil {
			return d, err
		}
		if len(rows) == 0 {
			return d, fault.New(api.CodeInvalid, "%s holds no tokens", file.Name).
				WithHint("each entry must have an access_token or a refresh_token")
		}
		for _, r := range rows {
			r.name = first(r.name, name, draft.Stem(file.Name))
			r.add(&d, builder)
		}
	}
	return d, nil
}

func readFile(d *draft.Draft, file draft.File) ([]row, error) {
	if !utf8.Valid(file.Data) {
		return nil, fault.New(api.CodeInvalid, "%s is not UTF-8 text", file.Name).WithHint("save it as UTF-8")
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(file.Data, []byte("\ufeff")))
	switch {
	case isLines(text):
		return readLines(d, draft.File{Name: file.Name, Data: text})
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[")):
		v, err := d.Parse(file)
		return readTree(v, "", 0), err
	}
	return readCSV(file)
}

// take gives the first of the columns that has a value, and marks it as read.
func (r *row) take(names ...string) string {
	for _, name := range names {
		if value := r.columns[name]; value != "" {
			for _, name := range names {
				delete(r.columns, name)
			}
			return value
		}
	}
	return ""
}

func (r *row) add(d *draft.Draft, builder *form.Builder) {
	note := func(what, why, do string) { d.Add(draft.Note{Where: r.where, What: what, Why: why, Do: do}) }
	title := first(r.take("name", "connection", "connection_name", "label", "alias", "key"), r.name)
	token := r.token(note)
	if token == nil {
		note("an entry without a token", "its tokens are empty or masked", "")
		return
	}
	provider := r.take("provider", "server", "service", "integration", "app", "platform")
	f := form.Form{Name: title, Where: r.where, Tokens: token, Apart: true}
	f.TokenURL = r.take("token_endpoint", "token_url", "token_uri", "access_token_url", "accesstokenurl")
	f.AuthorizationURL = r.take("authorization_endpoint", "authorization_url", "auth_url", "auth_uri", "authorize_url")
	f.ClientID, f.ClientSecret = r.take("client_id", "clientid", "app_id", "consumer_key"), r.take("client_secret", "clientsecret", "app_secret", "consumer_secret")
	f.Scopes = token.Scope
	f.API.BaseURL = r.take("base_url", "api_url", "api_base", "instance_url")
	f.Grant = "refresh_token"
	if f.AuthorizationURL != "" {
		f.Grant = "authorization_code"
	}
	client := r.take("client", "client_name", "registration", "oauth_app")
	r.left(note)
	if f.TokenURL != "" && f.ClientID != "" {
		builder.Add(f)
		return
	}
	r.named(d, builder, f, first(client, provider))
}

// named makes a connection for an entry that tells its client or provider by
// name only: they must exist where the draft is applied.
func (r *row) named(d *draft.Draft, builder *form.Builder, f form.Form, owner string) {
	name := draft.Name(f.Name, "imported")
	spec := api.ClientSpec{Provider: draft.Name(owner, name), ClientID: f.ClientID}
	if f.ClientSecret != "" && !form.Masked(f.ClientSecret) {
		secret := api.Secret(f.ClientSecret)
		spec.ClientSecret = &secret
	}
	builder.AddNamed(name, spec, api.ConnectionSpec{Scopes: draft.Scopes(f.Scopes)}, *f.Tokens)
	d.Add(draft.Note{Where: r.where, What: "an entry without its token endpoint or client id", Why: "a token store knows tokens, not where they are renewed",
		Do: "see that the client named in the draft's connection has its provider and client_id before you apply it"})
}

func (r *row) token(note func(what, why, do string)) *api.TokenImport {
	clean := func(text string) api.Secret {
		if text == "" || form.Masked(text) {
			return ""
		}
		return api.Secret(text)
	}
	t := api.TokenImport{AccessToken: clean(r.take(accessColumns()...)), RefreshToken: clean(r.take(refreshColumns()...))}
	t.TokenType = r.take("token_type", "tokentype", "type")
	t.Scope = strings.Join(draft.Scopes(r.take("scope", "scopes", "granted_scopes")), " ")
	in := r.take("expires_in", "expiresin", "ttl")
	created := r.take("created_at", "issued_at", "obtained_at", "created", "createdat", "issuedat")
	at := r.take("expires_at", "expiresat", "expire_time", "expiry", "expires_on", "expiration", "expires", "expiry_date", "valid_until")
	t.ExpiresAt = moment(at)
	if t.ExpiresAt == nil && at != "" {
		note("the time when the token expires", "it is written in a way that is not known", "the first use renews the token, or set it by hand")
	}
	if start, span := moment(created), seconds(in); t.ExpiresAt == nil && span > 0 {
		if start == nil {
			note("expires_in", "the entry does not say since when", "the token counts as one without a known end; the first refusal renews it")
		} else {
			end := start.Add(span)
			t.ExpiresAt = &end
		}
	}
	if t.AccessToken == "" && t.RefreshToken == "" {
		return nil
	}
	return &t
}

func seconds(text string) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n <= 0 || n > 1e9 {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

// moment reads a point in time: seconds or milliseconds since 1970, or a date
// as programs write it.
func moment(text string) *time.Time {
	if text == "" {
		return nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(n) || n < 1e8 || n > 1e14 {
			return nil
		}
		if n > 1e11 {
			n /= 1000
		}
		at := time.Unix(int64(n), 0).UTC()
		return &at
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC1123, time.RFC1123Z, "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 1970 && at.Year() < 9999 {
			at = at.UTC()
			return &at
		}
	}
	return nil
}

// left notes the columns that were not read, by name.
func (r *row) left(note func(what, why, do string)) {
	silent := []string{"id", "updated_at", "last_used_at", "description", "email", "user", "user_id", "account", "tenant", "status", "state", "version"}
	names := make([]string, 0, len(r.columns))
	for name := range r.columns {
		if !slices.Contains(silent, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) > 0 {
		note("the columns "+strings.Join(names, ", "), "they have no counterpart", "")
	}
}
