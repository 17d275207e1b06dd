package arrange

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/connection"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/manifest"
)

const importHelp = `Take over what you have in another program: its files become providers, clients,
connections, operations and tokens. The plan is shown first, and then what could
not be carried over and why; --dry-run ends there. Secrets that stand in the
files are sealed on the server at once, and never shown.

FILE may be - for stdin, several files, a directory, or a zip archive.`

// Import is valetkey import.
func (p Commands) Import() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Take over what you have elsewhere",
		Long:  importHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, kind := range importKinds() {
		cmd.AddCommand(p.importKind(kind))
	}
	cmd.AddCommand(connection.Commands{Prompt: p.Prompt}.ImportToken())
	return cmd
}

// importFlags are what the import of any kind takes.
type importFlags struct {
	name   string
	dryRun bool
	update bool
}

func (p Commands) importKind(kind importKind) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:     kind.name + " FILE...",
		Short:   kind.short,
		Long:    kind.short + ".\n\n" + importHelp,
		Args:    cobra.MinimumNArgs(1),
		Example: "  valetkey import " + kind.name + " " + kind.example + " --dry-run\n  valetkey import " + kind.name + " " + kind.example + " --name contoso",
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := p.importFiles(args, kind.extensions)
			if err != nil {
				return err
			}
			found, err := kind.read(files, f.name)
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.importDraft(cmd.Context(), s, found, f)
			})
		},
	}
	cmd.Flags().StringVar(&f.name, "name", "", "what to call it (default: as the files do)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show the plan and change nothing")
	cmd.Flags().BoolVar(&f.update, "update", false, "change what is there under the same names, as the plan says")
	return cmd
}

// imported is the plan of an import as a document.
type imported struct {
	manifest.Plan
	Tokens []string     `json:"tokens"` // the connections whose tokens are taken over
	Notes  []draft.Note `json:"notes"`
}

// importDraft shows what an import would do, and does it the way apply does.
func (p Commands) importDraft(ctx context.Context, s *prompt.Session, found draft.Draft, f importFlags) error {
	current, err := currentState(ctx, s)
	if err != nil {
		return err
	}
	if err := recognise(&found, current); err != nil {
		return err
	}
	besideBuiltIn(&found, current)
	if len(found.Providers)+len(found.Clients)+len(found.Connections)+len(found.Tokens)+len(found.Notes) == 0 {
		found.Add(draft.Note{Where: "the files", What: "nothing is made of them", Why: "nothing in them says where an API is or how it is authorized"})
	}
	desired := manifest.Manifest{Providers: found.Providers, Clients: found.Clients, Connections: found.Connections}
	plan, err := makePlan(current, desired, false)
	if err != nil {
		return err
	}
	shown := imported{Plan: plan, Tokens: slices.Sorted(maps.Keys(found.Tokens)), Notes: found.Notes}
	if shown.Notes == nil {
		shown.Notes = []draft.Note{}
	}
	if shown.Tokens == nil {
		shown.Tokens = []string{}
	}
	if err := p.Print(shown, shown.text); err != nil || f.dryRun {
		return err
	}
	if err := changesNothing(plan); err != nil && !f.update {
		return err
	}
	if _, err := s.Apply(ctx, desired.Wire()); err != nil {
		return err
	}
	if err := p.importTokens(ctx, s, found, shown.Tokens); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(found.Connections)) {
		if _, taken := found.Tokens[name]; !taken {
			p.Note("next: valetkey connect %s", name)
		}
	}
	return nil
}

// changesNothing refuses an import that would change what is there: it has
// that by nothing but an equal name, and an address in a file could lead the
// secrets of a client elsewhere.
func changesNothing(plan manifest.Plan) error {
	var names []string
	for _, change := range plan.Changes {
		if change.Action == manifest.Update {
			names = append(names, change.Kind+" "+change.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fault.New(api.CodeConflict, "there already, and different: %s", strings.Join(names, ", ")).
		WithHint("--name NAME imports under another name; --update changes what is there, as the plan says")
}

// text is the plan as apply shows it, and then the notes.
func (i imported) text(w io.Writer) {
	fmt.Fprint(w, manifest.Text(i.Plan))
	for _, name := range i.Tokens {
		fmt.Fprintf(w, "+ tokens of %s\n", name)
	}
	if len(i.Notes) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNot carried over, or not as it was:")
	for _, note := range i.Notes {
		fmt.Fprintln(w, "-", console.Paragraph(note.String()))
	}
}

// importTokens takes tokens over. One that is refused does not keep the others
// from being taken.
func (p Commands) importTokens(ctx context.Context, s *prompt.Session, found draft.Draft, names []string) (first error) {
	for _, name := range names {
		_, err := s.ImportToken(ctx, name, found.Tokens[name])
		if err == nil {
			continue
		}
		p.Note("the tokens of %s were not taken over: %s", name, p.Problem(ctx, err).Error())
		if first == nil {
			first = err
		}
	}
	return first
}

// besideBuiltIn gives providers of the draft that have the name of a built-in
// one a name beside it: those cannot be changed.
func besideBuiltIn(d *draft.Draft, current manifest.State) {
	taken := make(map[string]bool) // by name: built in or not
	for _, provider := range current.Providers {
		taken[provider.Name] = provider.BuiltIn
	}
	for _, name := range slices.Sorted(maps.Keys(d.Providers)) {
		if !taken[name] {
			continue
		}
		free := name + "-imported"
		for taken[free] {
			free += "-imported"
		}
		spec := d.Providers[name]
		delete(d.Providers, name)
		free = draft.Put(d.Providers, free, spec)
		for client, spec := range d.Clients {
			if spec.Provider == name {
				spec.Provider = free
				d.Clients[client] = spec
			}
		}
		d.Add(draft.Note{
			Where: "provider " + name, What: "it is called " + free,
			Why: "Valetkey ships a provider of that name", Do: "see whether the shipped one will do: valetkey providers " + name,
		})
	}
}
