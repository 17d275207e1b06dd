package connection

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// callFlags are what valetkey call takes.
type callFlags struct {
	headers  []string
	query    []string
	data     string
	form     []string
	files    []string
	include  bool
	paginate bool
	out      string
	soap     string
	soap12   bool
}

const callHelp = `Send a request to the connection's API and print the body of its answer. The
token is placed by Valetkey, and renewed first where needed.

PATH stands under the connection's base URL, or is a whole URL under it. The
method is GET, or POST when there is a body. The body streams: an answer may be
longer than memory.

Ends 6 when the API answered 400 or above, or when its body says that the call
failed (api.success_path, api.fail_path, a SOAP fault); the body is printed all
the same.`

const callExample = `  valetkey call contoso-mail /me
  valetkey call contoso-mail /me/messages -q '$top=5' -q '$select=subject'
  valetkey call contoso-mail /me/sendMail -d @mail.json
  valetkey call contoso-mail DELETE /me/messages/42 -i
  valetkey call contoso-mail /upload --form title=Report --file document=@report.pdf
  valetkey call contoso-erp /orders.asmx --soap urn:GetOrder -d '<GetOrder xmlns="urn:x"><Id>7</Id></GetOrder>'
  valetkey call contoso-mail /me/messages --paginate | jq '.value[].subject'`

// Call is valetkey call.
func (p Commands) Call() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:               "call NAME [METHOD] PATH",
		Short:             "Send a request to a connection's API",
		Long:              callHelp,
		Example:           callExample,
		Args:              cobra.RangeArgs(2, 3),
		ValidArgsFunction: p.CompleteConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := p.callRequest(args, f, cmd.Flags().Changed)
			if err != nil {
				return err
			}
			if closer, ok := request.Body.(io.Closer); ok {
				defer closer.Close()
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.call(cmd.Context(), s, args[0], request, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "a header, `'NAME: VALUE'`; may be repeated")
	flags.StringArrayVarP(&f.query, "query", "q", nil, "a query parameter, `NAME=VALUE`; may be repeated")
	flags.StringVarP(&f.data, "body", "d", "", "the `BODY`, or @FILE, or @- for stdin")
	flags.StringArrayVar(&f.form, "form", nil, "a form field, `NAME=VALUE`; may be repeated")
	flags.StringArrayVar(&f.files, "file", nil, "a file in a multipart form, `NAME=@FILE`; may be repeated")
	flags.StringVar(&f.soap, "soap", "", "put the body into a SOAP envelope for this `ACTION`, which may be empty")
	flags.BoolVar(&f.soap12, "soap12", false, "with --soap: SOAP 1.2 in place of 1.1")
	flags.BoolVarP(&f.include, "include", "i", false, "print status and headers first")
	flags.BoolVar(&f.paginate, "paginate", false, "print the pages that follow too (@odata.nextLink, or Link: rel=next)")
	flags.StringVar(&f.out, "out", "", "write the body to this `FILE`")
	return cmd
}

func (p Commands) callRequest(args []string, f callFlags, given func(flag string) bool) (client.CallRequest, error) {
	hasData := given("body")
	r := client.CallRequest{Path: args[len(args)-1], Query: url.Values{}, Header: http.Header{}}
	if len(args) == 3 {
		r.Method = strings.ToUpper(args[1])
	}
	if strings.ContainsAny(r.Method, "/?:") {
		return r, prompt.Usage("write valetkey call NAME [METHOD] PATH", "%q is not a method", args[1])
	}
	if err := f.check(r.Method, hasData); err != nil {
		return r, err
	}
	for _, text := range f.headers {
		name, value, found := strings.Cut(text, ":")
		if !found || strings.TrimSpace(name) == "" {
			return r, prompt.Usage("write -H 'NAME: VALUE'", "-H %q is not a header", text)
		}
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	for _, text := range f.query {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return r, prompt.Usage("write -q NAME=VALUE", "-q %q is not NAME=VALUE", text)
		}
		r.Query.Add(name, value)
	}
	b, err := p.content(f, given, r.Header)
	if err != nil {
		return r, err
	}
	r.Body, r.ContentLength = b.reader, b.size
	if b.kind != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", b.kind)
	}
	return r, nil
}

// content is the body, in its envelope where one is asked for.
func (p Commands) content(f callFlags, given func(flag string) bool, header http.Header) (body, error) {
	b, err := p.callBody(f, given("body"))
	if err != nil || !given("soap") && !f.soap12 {
		return b, err
	}
	return enveloped(b, f, header)
}

// check refuses flags that contradict one another.
func (f callFlags) check(method string, hasData bool) error {
	hasForm := len(f.form)+len(f.files) > 0
	if hasData && hasForm {
		return prompt.Usage("give the body one way", "-d excludes --form and --file")
	}
	isGet := method == "" || method == http.MethodGet
	if f.paginate && (hasData || hasForm || !isGet) {
		return prompt.Usage("leave --paginate out", "--paginate is for GET requests")
	}
	return nil
}

// call sends the request and prints what comes back.
func (p Commands) call(ctx context.Context, s *prompt.Session, name string, r client.CallRequest, f callFlags) (err error) {
	out, finish, err := p.bodyOutput(f.out)
	if err != nil {
		return err
	}
	defer func() {
		// An answer of 400 or above was read whole: it is what was asked for.
		err = finish(err, err == nil || prompt.IsCode(err, api.CodeUpstream))
	}()
	if f.paginate {
		printer := pagePrinter{connection: name, body: out, shown: func(int) {}}
		if f.out != "" { // else the pages themselves are the progress
			printer.shown = p.Streams.Person().Count(p.Env.Now, name, "pages")
		}
		if f.include {
			printer.head = p.Streams.Out
		}
		return printer.all(ctx, s, r)
	}
	res, err := s.Call(ctx, name, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := p.answer(res, f, out); err != nil {
		return brokenOff(ctx, err)
	}
	return callOutcome(name, res.StatusCode, res.Header)
}

// answer prints one answer.
func (p Commands) answer(res *http.Response, f callFlags, out io.Writer) error {
	if f.include {
		if err := writeHead(p.Streams.Out, res.StatusCode, res.Header); err != nil {
			return err
		}
	}
	last := &lastByte{Writer: out}
	if _, err := io.Copy(last, res.Body); err != nil {
		return err
	}
	if last.open && f.out == "" && console.Terminal(p.Streams.Out) {
		fmt.Fprintln(p.Streams.Out) // what follows begins a line of its own
	}
	if to := res.Header.Get("Location"); to != "" && res.StatusCode/100 == 3 && !f.include {
		p.Note("the API redirects to %s; api.redirects of the connection says what is followed: same_origin, all", console.Paragraph(to))
	}
	return nil
}

// callOutcome is the error of an answer that failed, by its status or by what
// its body says.
func callOutcome(name string, status int, header http.Header) error {
	said, hint := header.Get("Valetkey-Failure"), header.Get("Valetkey-Hint")
	if status < http.StatusBadRequest && said == "" {
		return nil
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = cmp.Or(hint, "valetkey show "+name+" says which scopes were granted; valetkey test "+name+" whether the token works")
	case http.StatusNotFound:
		hint = cmp.Or(hint, "PATH stands under the base URL, which valetkey show "+name+" names")
	}
	return answeredWith(status, said, hint)
}
