package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/arrange"
	"github.com/valetkey/valetkey/internal/cli/connection"
	"github.com/valetkey/valetkey/internal/cli/operate"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// Streams are where a command reads and writes.
type Streams = prompt.Streams

// Env is the surroundings of a command.
type Env = prompt.Env

// Main runs one command line and returns its exit code. args are without the
// program's name. When ctx ends, the command ends cleanly.
func Main(ctx context.Context, args []string, streams Streams, env Env) int {
	p := &program{Prompt: prompt.New(streams, env)}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	if err != nil && !p.started {
		err = p.asUsage(root, args, err)
	}
	return p.Report(ctx, err)
}

// program is one run of the command line.
type program struct {
	*prompt.Prompt
	started bool // the arguments were right; what fails now is not wrong usage
}

const rootHelp = `Valetkey obtains OAuth 2.0 tokens, keeps them fresh, and sends your requests
with them. A provider is somebody's OAuth server and API; a client is your
registration there; a connection is one grant under it.

Try it without an account anywhere:   valetkey demo
Then with a real one:                 valetkey connect NAME --provider PROVIDER
And call its API:                     valetkey call NAME /path

Commands find Valetkey in one of three ways: the server of --url or
VALETKEY_URL; else the server that runs on the data directory; else they do
the work by themselves, on the same data.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such thing, 4 a person must
authorize, 5 configuration must be fixed, 6 the API answered 400 or above,
7 not allowed, 8 cannot be reached.`

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "valetkey",
		Short:             "A self-hosted OAuth 2.0 connection broker",
		Long:              rootHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.Flags.Check(cmd); err != nil {
				return err
			}
			p.started = true
			return nil
		},
	}
	root.DisableSuggestions = true // asUsage makes one hint of them
	p.Flags.Register(root)
	root.AddGroup(
		&cobra.Group{ID: "start", Title: "Start here:"},
		&cobra.Group{ID: "use", Title: "Use connections:"},
		&cobra.Group{ID: "arrange", Title: "Arrange them:"},
		&cobra.Group{ID: "run", Title: "Run Valetkey:"},
	)
	group := func(id string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = id
			root.AddCommand(c)
		}
	}
	use, arranging, running := connection.Commands{Prompt: p.Prompt}, arrange.Commands{Prompt: p.Prompt}, operate.Commands{Prompt: p.Prompt}
	group("start", running.Demo(), use.Connect(), use.Call(), use.Run())
	group("use", use.List(), use.Show(), use.Operations(), use.Token(), use.Test(), use.Refresh(), use.Link(), use.Revoke(), use.Delete())
	group("arrange", arranging.Providers(), arranging.Client(), arranging.Apply(), arranging.Export(), arranging.Schema(), arranging.Import())
	group("run", running.Serve(), running.Sandbox(), running.Key(), running.Agent(), running.Operator(), running.Keyring(), running.Backup(), running.Restore(), running.Audit(), running.Version())
	root.SetHelpCommandGroupID("run")
	root.SetCompletionCommandGroupID("run")
	return root
}

// asUsage says what was wrong with the command line, and what to run instead.
// The parser's own words speak of "arg(s)"; they are put in the user's.
func (p *program) asUsage(root *cobra.Command, args []string, err error) error {
	var already *prompt.UsageError
	if errors.As(err, &already) {
		return err
	}
	found, _, _ := root.Find(args)
	if found == nil {
		found = root
	}
	wrong := &prompt.UsageError{Message: err.Error(), Hint: found.CommandPath() + " --help"}
	synopsis := strings.TrimSuffix(found.UseLine(), " [flags]")
	if _, given, counted := strings.Cut(wrong.Message, "arg(s), received "); counted {
		return prompt.Usage("write "+synopsis+"; "+wrong.Hint+" says more", "%s was given %s", found.CommandPath(), countedArguments(given))
	}
	quoted, unknown := strings.CutPrefix(wrong.Message, "unknown command ")
	if quoted, err := strconv.QuotedPrefix(quoted); unknown && err == nil {
		name, _ := strconv.Unquote(quoted)
		if !found.HasSubCommands() {
			return prompt.Usage("write "+synopsis+"; "+wrong.Hint+" says more", "%s takes no arguments, and %s was given", found.CommandPath(), quoted)
		}
		found.SuggestionsMinimumDistance = 2
		if near := found.SuggestionsFor(name); len(near) > 0 {
			wrong.Hint = found.CommandPath() + " " + near[0]
		}
	}
	return wrong
}

func countedArguments(n string) string {
	switch n {
	case "0":
		return "no argument"
	case "1":
		return "one argument alone"
	}
	return n + " arguments"
}
