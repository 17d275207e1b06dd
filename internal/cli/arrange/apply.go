package arrange

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/manifest"
)

// maxManifest bounds a manifest that comes from stdin, in bytes.
const maxManifest = 50 << 20

const applyHelp = `Make providers, clients and connections as YAML files describe them. The plan is
shown first; --dry-run ends there, and --diff ends there with exit code 1 where
something differs. All of the plan is done or nothing of it, in one transaction.
Applying the same files again changes nothing. What the files do not name is
left alone, unless --prune deletes it.

Secrets are written as {env: NAME}, {file: PATH}, {command: [pass, show, NAME]}
or {keyring: SERVICE/NAME}. They are read here, by this command, and sealed on
the server at once. What is left for a person is listed at the end, such as
connections that have to be authorized: valetkey connect NAME.`

// Apply is valetkey apply.
func (p Commands) Apply() *cobra.Command {
	var files []string
	var o planOptions
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make everything as YAML files describe it",
		Long:  applyHelp,
		Args:  cobra.NoArgs,
		Example: `  valetkey apply -f valetkey.yaml --dry-run
  valetkey apply -f providers.yaml -f connections.yaml
  valetkey export | sed s/acme/contoso/ | valetkey apply -f -`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(files) == 0 {
				return prompt.Usage("valetkey apply -f FILE", "no file is given")
			}
			o.dryRun = o.dryRun || o.diff
			desired, err := p.readManifest(cmd.Context(), files)
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.apply(cmd.Context(), s, desired, o)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&files, "file", "f", nil, "a YAML `FILE`, or - for stdin; may be repeated")
	flags.BoolVar(&o.dryRun, "dry-run", false, "show the plan and change nothing")
	flags.BoolVar(&o.diff, "diff", false, "as --dry-run, and exit with 1 where what there is differs")
	flags.BoolVar(&o.prune, "prune", false, "delete what the files do not name")
	return cmd
}

type planOptions struct {
	dryRun bool
	diff   bool // a dry run whose differences are an error
	prune  bool
}

func (p Commands) readManifest(ctx context.Context, paths []string) (manifest.Manifest, error) {
	var files []manifest.File
	for _, path := range paths {
		var data []byte
		var err error
		if path == "-" {
			data, err = io.ReadAll(io.LimitReader(p.Streams.In, maxManifest))
		} else {
			data, err = os.ReadFile(path)
		}
		if err != nil {
			return manifest.Manifest{}, prompt.Unreadable(path, err)
		}
		files = append(files, manifest.File{Name: path, Data: data})
	}
	parsed, err := manifest.Parse(files, p.secretSources(ctx))
	return parsed, prompt.InConfiguration(err)
}

// apply shows the plan and carries it out as one change. A dry run asks the
// server for the plan: it then checks all that the real one would.
func (p Commands) apply(ctx context.Context, s *prompt.Session, desired manifest.Manifest, o planOptions) error {
	current, err := currentState(ctx, s)
	if err != nil {
		return err
	}
	plan, err := makePlan(current, desired, o.prune)
	if err != nil {
		return err
	}
	wanted := desired.Wire()
	wanted.Prune, wanted.DryRun = o.prune, o.dryRun
	if o.dryRun {
		if plan, err = s.Apply(ctx, wanted); err != nil {
			return err
		}
		return p.showPlan(plan, o)
	}
	if p.Flags.Output == "table" {
		fmt.Fprint(p.Streams.Out, manifest.Text(plan))
	}
	done, err := s.Apply(ctx, wanted)
	if err != nil {
		return err
	}
	if p.Flags.Output == "table" {
		fmt.Fprint(p.Streams.Out, manifest.TodoText(done))
		return nil
	}
	return p.Print(done, nil)
}

// showPlan prints the plan of a dry run; with --diff, what differs is an error.
func (p Commands) showPlan(plan manifest.Plan, o planOptions) error {
	if err := p.Print(plan, func(w io.Writer) { fmt.Fprint(w, manifest.Text(plan), manifest.TodoText(plan)) }); err != nil {
		return err
	}
	if o.diff && !plan.Empty() {
		return fault.New(api.CodeConflict, "what there is differs from the files").
			WithHint("valetkey apply with the same files and without --diff makes it as they say")
	}
	return nil
}

// makePlan says what leads from what there is to what is desired.
func makePlan(current manifest.State, desired manifest.Manifest, prune bool) (manifest.Plan, error) {
	if err := desired.Check(current, prune); err != nil {
		return manifest.Plan{}, prompt.InConfiguration(err)
	}
	return manifest.Make(current, desired, prune), nil
}

// currentState reads all that a manifest can describe.
func currentState(ctx context.Context, s *prompt.Session) (manifest.State, error) {
	var state manifest.State
	var err error
	if state.Providers, err = prompt.Collect(s.Providers.List(ctx)); err != nil {
		return state, err
	}
	if state.Clients, err = prompt.Collect(s.Clients.List(ctx)); err != nil {
		return state, err
	}
	state.Connections, err = prompt.Collect(s.Connections.List(ctx))
	return state, err
}
