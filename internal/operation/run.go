package operation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	maxPage    = 64 << 20 // bytes of one page
	maxQuoted  = 500      // characters of an API's error that are repeated
	maxErrorIn = 64 << 10 // bytes of it that are read
)

// The headers in which package call says that an answer failed, whatever its
// status, and what to do about it.
const (
	headerFailure = "Valetkey-Failure"
	headerHint    = "Valetkey-Hint"
)

// Send makes one call of the connection's API; the caller closes the body.
type Send func(ctx context.Context, r Request) (*http.Response, error)

// Run is one run of an operation.
type Run struct {
	set    Set
	name   string
	op     api.Operation
	asked  api.RunRequest
	values values
	seen   map[[sha256.Size]byte]bool // addresses and answers of the pages so far
}

// New checks what a caller gave. Nothing is sent yet. The error is
// [api.CodeNotFound] for an operation there is not, and [api.CodeInvalid] for
// parameters that are not right.
func New(set Set, name string, asked api.RunRequest) (*Run, error) {
	op, err := set.Find(name)
	if err != nil {
		return nil, err
	}
	if asked.Limit < 0 {
		return nil, fault.New(api.CodeInvalid, "the limit cannot be negative")
	}
	given, err := read(name, op, asked.Params)
	if err != nil {
		return nil, err
	}
	return &Run{set: set, name: name, op: op, asked: asked, values: given, seen: make(map[[sha256.Size]byte]bool)}, nil
}

// Outcome is how a run ended.
type Outcome struct {
	Pages int  // answers read
	More  bool // the limit ended it
	// Raw is an answer that is no JSON, as it came; the caller closes its body.
	// There are no items then.
	Raw *http.Response
}

// Each sends the operation and gives each item of each page to take, in their
// order. An answer that failed is an error with [api.CodeUpstream]; an
// error of take ends the run.
func (r *Run) Each(ctx context.Context, send Send, take func(json.RawMessage) error) (Outcome, error) {
	at := newPages(r.op, r.values)
	request, err := r.request(at.first())
	if err != nil {
		return Outcome{}, err
	}
	var done Outcome
	given := delivery{limit: r.asked.Limit, take: take}
	for {
		page, err := r.fetch(ctx, send, request, &done)
		if err != nil || done.Raw != nil {
			return done, err
		}
		if at.counts() && r.repeated(page.answer) {
			return done, r.circle()
		}
		left, err := given.page(page.list)
		if err != nil {
			return done, err
		}
		following, more, err := r.after(&at, request, page.answer)
		if given.full() {
			done.More = left > 0 || more
			return done, nil
		}
		if err != nil || !more {
			return done, err
		}
		request = following
	}
}

// delivery gives items away, up to a limit.
type delivery struct {
	limit int // 0: none
	taken int
	take  func(json.RawMessage) error
}

func (d *delivery) full() bool { return d.limit > 0 && d.taken >= d.limit }

// page gives the items of a page; left are those that the limit holds back.
func (d *delivery) page(list []json.RawMessage) (left int, err error) {
	for i, item := range list {
		if d.full() {
			return len(list) - i, nil
		}
		if err := d.take(item); err != nil {
			return 0, err
		}
		d.taken++
	}
	return 0, nil
}

// fetch makes one call and reads its answer. A first answer that is no JSON
// becomes the outcome.
func (r *Run) fetch(ctx context.Context, send Send, request Request, done *Outcome) (page, error) {
	response, err := send(ctx, request)
	if err != nil {
		return page{}, err
	}
	done.Pages++
	read, raw, err := r.page(response)
	switch {
	case err != nil || !raw:
		return read, err
	case done.Pages > 1:
		_ = response.Body.Close()
		return read, fault.New(api.CodeUpstream, "page %d of the operation %s is no JSON", done.Pages, r.name)
	}
	done.Raw = response
	return read, nil
}

// page is an answer with its items.
type page struct {
	answer
	list []json.RawMessage
}

// page reads an answer. One that is no JSON is raw: its body is still to be read.
func (r *Run) page(response *http.Response) (page, bool, error) {
	if response.StatusCode >= http.StatusBadRequest || response.Header.Get(headerFailure) != "" {
		defer response.Body.Close()
		return page{}, false, r.refusal(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))
	switch {
	case err != nil:
		_ = response.Body.Close()
		return page{}, false, fault.Wrap(err, api.CodeUnreachable, "the API's answer broke off before its end")
	case !isJSON(response.Header.Get("Content-Type"), body):
		response.Body = rest{io.MultiReader(bytes.NewReader(body), response.Body), response.Body}
		return page{}, true, nil
	}
	_ = response.Body.Close()
	if len(body) > maxPage {
		return page{}, false, fault.New(api.CodeUpstream, "a page of the answer is longer than %d MiB", maxPage>>20).
			WithHint("ask the API for smaller pages")
	}
	if len(bytes.TrimSpace(body)) > 0 && !json.Valid(body) {
		return page{}, false, fault.New(api.CodeUpstream, "the API's answer is not the JSON that it says it is").
			WithHint("valetkey call %s %s shows it", r.set.Connection, r.op.Path)
	}
	list, err := items(r.name, body, r.op.Items)
	return page{answer: answer{header: response.Header, body: body, items: len(list)}, list: list}, false, err
}

// rest is a body of which the beginning was read.
type rest struct {
	io.Reader
	io.Closer
}

// after is the request of the page that follows.
func (r *Run) after(at *pages, last Request, a answer) (Request, bool, error) {
	at.at = r.address(last.Path)
	extra, reference, err := at.next(a)
	if err != nil || extra == nil && reference == "" {
		return Request{}, false, err
	}
	following := Request{Method: last.Method, Header: last.Header, Body: last.Body}
	if reference != "" {
		following.Path, err = at.resolve(reference)
	} else {
		following, err = r.request(extra)
	}
	if err != nil {
		return Request{}, false, err
	}
	r.seen[last.sum()] = true
	r.seen[a.sum()] = true
	if r.seen[following.sum()] {
		return Request{}, false, r.circle()
	}
	return following, true, nil
}

func (r Request) sum() [sha256.Size]byte {
	return sha256.Sum256([]byte("request\n" + r.Path + "\n" + string(r.Body)))
}

func (a answer) sum() [sha256.Size]byte {
	return sha256.Sum256(append([]byte("answer\n"), a.body...))
}

// repeated says whether an API gave this very answer before, with items in it.
func (r *Run) repeated(a answer) bool {
	return a.items > 0 && r.seen[a.sum()]
}

func (r *Run) circle() error {
	return fault.New(api.CodeUpstream, "the pages of the operation %s go in a circle", r.name).
		WithHint("correct pagination of the operation: the API gives a page that was there already")
}

// address is where a request lies at the API.
func (r *Run) address(path string) string {
	if strings.Contains(strings.SplitN(path, "?", 2)[0], "://") {
		return path
	}
	return strings.TrimRight(r.set.BaseURL, "/") + "/" + strings.TrimPrefix(path, "/")
}

// refusal is an answer of 400 or above as an error, with the beginning of what
// the API said: whoever may call it may read it.
func (r *Run) refusal(response *http.Response) error {
	said, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorIn)) // what broke off says less
	detail := response.Header.Get(headerFailure)
	if detail == "" && utf8.Valid(said) {
		detail = strings.Join(strings.Fields(string(said)), " ")
		if runes := []rune(detail); len(runes) > maxQuoted {
			detail = string(runes[:maxQuoted]) + "…"
		}
	}
	message := fmt.Sprintf("the API answered %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	if detail != "" {
		message += ": " + detail
	}
	refused := fault.New(api.CodeUpstream, "%s", message)
	if hint := response.Header.Get(headerHint); hint != "" {
		return refused.WithHint("%s", hint)
	}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		if len(r.op.Scopes) > 0 {
			return refused.WithHint("the operation needs the scope %s: valetkey connect %s --scope SCOPE asks for it", strings.Join(r.op.Scopes, " "), r.set.Connection)
		}
		return refused.WithHint("valetkey show %s says which scopes were granted", r.set.Connection)
	case http.StatusNotFound:
		return refused.WithHint("check the parameters %s, and the base URL that valetkey show %s names", strings.Join(slices.Sorted(maps.Keys(r.values)), ", "), r.set.Connection)
	}
	return refused
}
