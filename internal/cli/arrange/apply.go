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
const maxManifest = 16 << 20

const applyHelp = `Make providers, clients and connections as YAML files describe them. The plan is
shown first; --dry-run ends there. Applying the same files again changes
nothing. What the files do not name is left alone, unless --prune deletes it.

Client secrets are written as {env: NAME} or {file: PATH}, and sealed on the
server at once. Connections still have to be authorized: valetkey connect NAME.`

// Apply is valetkey apply.
func (p Commands) Apply() *cobra.Command {
	var files []string
	var dryRun, prune bool
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
			desired, err := p.readManifest(files)
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.apply(cmd.Context(), s, desired, planOptions{dryRun, prune})
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&files, "file", "f", nil, "a YAML `FILE`, or - for stdin; may be repeated")
	flags.BoolVar(&dryRun, "dry-run", false, "show the plan and change nothing")
	flags.BoolVar(&prune, "prune", false, "delete what the files do not name")
	return cmd
}

type planOptions struct {
	dryRun bool
	prune  bool
}

func (p Commands) readManifest(paths []string) (manifest.Manifest, error) {
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
	parsed, err := manifest.Parse(files, manifest.Environment{Getenv: p.Env.Getenv, ReadFile: os.ReadFile})
	return parsed, prompt.InConfiguration(err)
}

// apply shows the plan and carries it out, step by step in its order.
func (p Commands) apply(ctx context.Context, s *prompt.Session, desired manifest.Manifest, o planOptions) error {
	current, err := currentState(ctx, s)
	if err != nil {
		return err
	}
	plan, err := makePlan(current, desired, o.prune)
	if err != nil {
		return err
	}
	if err := p.Print(plan, func(w io.Writer) { fmt.Fprint(w, plan.Text()) }); err != nil || o.dryRun {
		return err
	}
	return p.carryOutAll(ctx, s, desired, plan)
}

// makePlan says what leads from what there is to what is desired.
func makePlan(current manifest.State, desired manifest.Manifest, prune bool) (manifest.Plan, error) {
	if err := desired.Check(current, prune); err != nil {
		return manifest.Plan{}, prompt.InConfiguration(err)
	}
	return manifest.Make(current, desired, prune), nil
}

// carryOutAll carries out a plan in its order, and stops at what fails.
func (p Commands) carryOutAll(ctx context.Context, s *prompt.Session, desired manifest.Manifest, plan manifest.Plan) error {
	for _, change := range plan.Changes {
		if err := carryOut(ctx, s, desired, change); err != nil {
			p.Note("stopped at the %s %s; what stands before it in the plan is done, and applying again goes on from there", change.Kind, change.Name)
			return err
		}
	}
	return nil
}

func carryOut(ctx context.Context, s *prompt.Session, desired manifest.Manifest, change manifest.Change) error {
	var err error
	switch {
	case change.Action == manifest.Delete && change.Kind == manifest.KindConnection:
		err = s.Connections.Delete(ctx, change.Name)
	case change.Action == manifest.Delete && change.Kind == manifest.KindClient:
		err = s.Clients.Delete(ctx, change.Name)
	case change.Action == manifest.Delete:
		err = s.Providers.Delete(ctx, change.Name)
	case !change.Write:
	case change.Kind == manifest.KindProvider:
		_, err = s.Providers.Put(ctx, change.Name, desired.Providers[change.Name])
	case change.Kind == manifest.KindClient:
		_, err = s.Clients.Put(ctx, change.Name, desired.Clients[change.Name])
	case change.Kind == manifest.KindConnection:
		_, err = s.Connections.Put(ctx, change.Name, desired.Connections[change.Name])
	default:
		err = fault.New(api.CodeInternal, "the plan has a step of an unknown kind, %s", change.Kind)
	}
	return err
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
