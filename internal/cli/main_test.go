package cli

import (
	"testing"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// commands walks a command and all below it.
func commands(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, below := range c.Commands() {
		commands(below, visit)
	}
}

// A flag of a command that has a global one's name would take its value,
// wherever on the line it stands.
func TestNoCommandHidesAGlobalFlag(t *testing.T) {
	root := (&program{Prompt: prompt.New(Streams{}, Env{})}).root()
	commands(root, func(c *cobra.Command) {
		if c == root {
			return
		}
		own := c.LocalNonPersistentFlags()
		for _, name := range []string{"url", "key", "data", "output"} {
			if root.PersistentFlags().Lookup(name) == nil {
				t.Errorf("--%s is no global flag", name)
			}
			// An agent's server is the server, and it may have several nodes.
			if own.Lookup(name) != nil && c.CommandPath()+" --"+name != "valetkey agent run --url" {
				t.Errorf("%s has a --%s of its own", c.CommandPath(), name)
			}
		}
		if own.ShorthandLookup("o") != nil {
			t.Errorf("%s has a -o of its own", c.CommandPath())
		}
	})
}

func TestEveryCommandSaysInOneLineWhatItDoes(t *testing.T) {
	commands((&program{Prompt: prompt.New(Streams{}, Env{})}).root(), func(c *cobra.Command) {
		if c.Short == "" || len(c.Short) > 75 {
			t.Errorf("%s: %q", c.CommandPath(), c.Short)
		}
		if c.Runnable() && !c.HasSubCommands() && c.Example == "" && c.Name() != "version" {
			t.Errorf("%s has no example", c.CommandPath())
		}
	})
}
