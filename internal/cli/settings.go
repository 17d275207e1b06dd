package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
)

// globalFlags are those every command takes.
type globalFlags struct {
	url    string
	key    string
	data   string
	output string
}

func (g *globalFlags) register(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&g.url, "url", "", "the server to talk to (VALETKEY_URL)")
	flags.StringVar(&g.key, "key", "", "the key to show it (VALETKEY_KEY, or VALETKEY_KEY_FILE)")
	flags.StringVar(&g.data, "data", "", "the data directory (VALETKEY_DATA; default ~/.local/share/valetkey)")
	flags.StringVarP(&g.output, "output", "o", "table", "how to print: table, json or yaml")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
}

func (g *globalFlags) check() error {
	switch g.output {
	case "table", "json", "yaml":
		return nil
	}
	wrong := g.output
	g.output = "table"
	return &usageError{message: "-o cannot be " + wrong, hint: "use -o table, -o json or -o yaml"}
}

// setting is a flag's value, or else its environment variable's.
func (p *program) setting(flag, variable string) string {
	if flag != "" {
		return flag
	}
	return p.env.Getenv(variable)
}

// secretSetting is as setting, and last reads the file that the variable's
// _FILE twin names.
func (p *program) secretSetting(flag, variable string) (string, error) {
	if value := p.setting(flag, variable); value != "" {
		return value, nil
	}
	file := p.env.Getenv(variable + "_FILE")
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the file named by %s_FILE cannot be read: %s", variable, console.Reason(err)).
			WithHint("check %s_FILE", variable)
	}
	return strings.TrimSpace(string(data)), nil
}

// dataDir is absolute, so that a socket's path does not depend on where a
// server was started.
func (p *program) dataDir() (string, error) {
	dir := p.flags.data
	if dir == "" {
		dir = client.DataDir(p.env.Getenv)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the data directory %s has no absolute path", dir)
	}
	return absolute, nil
}

// serverFlags are the settings of a server, also of the one that a command is
// for itself when none runs.
type serverFlags struct {
	listen       string
	publicURL    string
	allowPrivate string
	database     string
}

// appConfig puts flags, environment and defaults together.
func (p *program) appConfig(f serverFlags) (app.Config, error) {
	dir, err := p.dataDir()
	if err != nil {
		return app.Config{}, err
	}
	database, err := p.secretSetting(f.database, "VALETKEY_DATABASE")
	if err != nil {
		return app.Config{}, err
	}
	return app.Config{
		DataDir:      dir,
		Database:     database,
		Listen:       p.setting(f.listen, "VALETKEY_LISTEN"),
		PublicURL:    strings.TrimRight(p.setting(f.publicURL, "VALETKEY_PUBLIC_URL"), "/"),
		AllowPrivate: p.setting(f.allowPrivate, "VALETKEY_ALLOW_PRIVATE"),
		Version:      p.version(),
		Now:          p.env.Now,
	}, nil
}

func (p *program) version() api.Version {
	return api.Version{Version: p.env.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
}
