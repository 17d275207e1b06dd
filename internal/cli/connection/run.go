package connection

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// runFlags are what valetkey run takes.
type runFlags struct {
	params []string
	body   string
	limit  int
	out    string
}

const runHelp = `Run a named request of a connection, all pages of it, and print the items. The
operations command lists what there is and what each takes.

A parameter that is a list is given several times, or with commas. Parameters
are checked before anything is sent.

-o json prints one list, ndjson an item a line while they come, csv and table
rows whose columns are the members, those of nested objects with dots. An answer
that is no JSON, such as XML, is printed as it is.`

const runExample = `  valetkey run contoso-mail list-messages --param folder=inbox --limit 20
  valetkey run contoso-mail list-messages -o csv > messages.csv
  valetkey run contoso-mail list-messages -o ndjson | jq .subject
  valetkey run contoso-mail create-order --body @order.json`

// Run is valetkey run.
func (p Commands) Run() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:               "run NAME OPERATION",
		Short:             "Run a named request of a connection, all pages of it",
		Long:              runHelp,
		Example:           runExample,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: p.completeOperations,
		Annotations:       map[string]string{prompt.MoreOutputs: "ndjson csv"},
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := p.runRequest(f, cmd.Flags().Changed("body"))
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.run(cmd.Context(), s, client.OperationRun{Connection: args[0], Operation: args[1], Request: request}, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.params, "param", "p", nil, "a parameter, `NAME=VALUE`, or NAME=@FILE; may be repeated")
	flags.StringVarP(&f.body, "body", "d", "", "the whole `BODY`, or @FILE, or @- for stdin, where the operation takes one")
	flags.IntVar(&f.limit, "limit", 0, "print at most `N` items (default: all)")
	flags.StringVar(&f.out, "out", "", "write to this `FILE`, which appears when all is there")
	return cmd
}

// runRequest makes a request of the flags.
func (p Commands) runRequest(f runFlags, hasBody bool) (api.RunRequest, error) {
	r := api.RunRequest{Limit: f.limit, Params: make(map[string]any)}
	if f.limit < 0 {
		return r, prompt.Usage("leave it out for all of them", "--limit cannot be negative")
	}
	for _, text := range f.params {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return r, prompt.Usage("write --param NAME=VALUE", "--param %q is not NAME=VALUE", text)
		}
		if strings.HasPrefix(value, "@") && len(value) > 1 {
			content, err := p.textOf(value)
			if err != nil {
				return r, err
			}
			value = content
		}
		switch before := r.Params[name].(type) {
		case nil:
			r.Params[name] = value
		case string:
			r.Params[name] = []any{before, value}
		case []any:
			r.Params[name] = append(before, value)
		}
	}
	if hasBody {
		text, err := p.textOf(f.body)
		if err != nil {
			return r, err
		}
		r.Text = &text
	}
	return r, nil
}

// textOf is a flag's text, or what the file after its @ holds.
func (p Commands) textOf(value string) (string, error) {
	path, isFile := strings.CutPrefix(value, "@")
	if !isFile {
		return value, nil
	}
	var data []byte
	var err error
	if path == "-" {
		data, err = io.ReadAll(p.Streams.In)
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return "", prompt.Unreadable(path, err)
	}
	return string(data), nil
}

// run runs the operation and prints what comes.
func (p Commands) run(ctx context.Context, s *prompt.Session, run client.OperationRun, f runFlags) (err error) {
	out, finish, err := p.bodyOutput(f.out)
	if err != nil {
		return err
	}
	defer func() { err = finish(err, err == nil) }()
	printer := newItemPrinter(p.Flags.Output, out)
	shown := p.Streams.Person().Count(p.Env.Now, run.Operation, "items")
	if f.out == "" && p.Flags.Output == "ndjson" {
		shown = func(int) {} // the items themselves are the progress
	}
	count := 0
	err = s.RunEach(ctx, run, func(item json.RawMessage) error {
		count++
		shown(count)
		return printer.item(item)
	}, func(_ string, body io.Reader) error {
		printer = nil
		if _, err := io.Copy(out, body); err != nil {
			return brokenOff(ctx, err)
		}
		return nil
	})
	shown(-1)
	if err != nil || printer == nil {
		return err
	}
	return printer.end()
}
