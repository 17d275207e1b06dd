package prompt

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
)

// GlobalFlags are those every command takes.
type GlobalFlags struct {
	URL    string
	Key    string
	Data   string
	Output string // table, json or yaml
}

// Register adds the flags to the root command.
func (g *GlobalFlags) Register(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&g.URL, "url", "", "the server to talk to (VALETKEY_URL)")
	flags.StringVar(&g.Key, "key", "", "the key to show it (VALETKEY_KEY, or VALETKEY_KEY_FILE)")
	flags.StringVar(&g.Data, "data", "", "the data directory (VALETKEY_DATA; default ~/.local/share/valetkey)")
	flags.StringVarP(&g.Output, "output", "o", "table", "how to print: table, json or yaml")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
}

// MoreOutputs is the annotation of a command that prints in further formats,
// with their names.
const MoreOutputs = "outputs"

// Check refuses a value that the command cannot mean.
func (g *GlobalFlags) Check(cmd *cobra.Command) error {
	more := strings.Fields(cmd.Annotations[MoreOutputs])
	if slices.Contains(append([]string{"table", "json", "yaml"}, more...), g.Output) {
		return nil
	}
	wrong, hint := g.Output, "use -o table, -o json or -o yaml"
	if len(more) > 0 {
		hint = "use -o table, -o json, -o yaml, -o " + strings.Join(more, " or -o ")
	}
	g.Output = "table"
	return &UsageError{Message: "-o cannot be " + wrong, Hint: hint}
}

// Setting is a flag's value, or else its environment variable's.
func (p *Prompt) Setting(flag, variable string) string {
	if flag != "" {
		return flag
	}
	return p.Env.Getenv(variable)
}

// SecretSetting is as Setting, and last reads the file that the variable's
// _FILE twin names.
func (p *Prompt) SecretSetting(flag, variable string) (string, error) {
	if value := p.Setting(flag, variable); value != "" {
		return value, nil
	}
	file := p.Env.Getenv(variable + "_FILE")
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

// DataDir is absolute, so that a socket's path does not depend on where a
// server was started.
func (p *Prompt) DataDir() (string, error) {
	dir := p.Flags.Data
	if dir == "" {
		dir = client.DataDir(p.Env.Getenv)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the data directory %s has no absolute path", dir)
	}
	return absolute, nil
}

// ServerFlags are the settings of a server, also of the one that a command is
// for itself when none runs.
type ServerFlags struct {
	Listen       string
	PublicURL    string
	AllowPrivate string
	Database     string
	ProvidersDir string
	Sweep        string
	AllowCommand string

	OutboundProxy string
	AllowGrants   string
	TokenFiles    string

	Name, Logo string // of the installation
}

// AppConfig puts flags, environment and defaults together.
func (p *Prompt) AppConfig(f ServerFlags) (app.Config, error) {
	dir, err := p.DataDir()
	if err != nil {
		return app.Config{}, err
	}
	database, err := p.SecretSetting(f.Database, "VALETKEY_DATABASE")
	if err != nil {
		return app.Config{}, err
	}
	custody, err := p.custody()
	if err != nil {
		return app.Config{}, err
	}
	return app.Config{
		DataDir:      dir,
		Database:     database,
		Listen:       p.Setting(f.Listen, "VALETKEY_LISTEN"),
		Sweep:        p.Setting(f.Sweep, "VALETKEY_SWEEP"),
		PublicURL:    strings.TrimRight(p.Setting(f.PublicURL, "VALETKEY_PUBLIC_URL"), "/"),
		AllowPrivate: p.Setting(f.AllowPrivate, "VALETKEY_ALLOW_PRIVATE"),
		ProvidersDir: p.Setting(f.ProvidersDir, "VALETKEY_PROVIDERS_DIR"),
		Leaves: app.Leaves{
			AllowCommand: p.Setting(f.AllowCommand, "VALETKEY_ALLOW_COMMAND"),
			AllowGrants:  p.Setting(f.AllowGrants, "VALETKEY_ALLOW_GRANTS"),
			TokenFiles:   p.Setting(f.TokenFiles, "VALETKEY_TOKEN_FILES"),

			OutboundProxy: p.Setting(f.OutboundProxy, "VALETKEY_OUTBOUND_PROXY"),
		},
		Custody: custody,
		Installation: app.Installation{
			Version: p.BuildInfo(),
			Name:    p.Setting(f.Name, "VALETKEY_NAME"),
			Logo:    p.Setting(f.Logo, "VALETKEY_LOGO"),
		},
		Now: p.Env.Now,
	}, nil
}

// BuildInfo is what this program is.
func (p *Prompt) BuildInfo() api.Version {
	return api.Version{Version: p.Env.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
}

// custody reads how what is kept is guarded, and how long it is kept.
func (p *Prompt) custody() (app.Custody, error) {
	custody := app.Custody{MasterKey: app.MasterKeyConfig{URI: p.Env.Getenv("VALETKEY_MASTER_KEY"), Getenv: p.Env.Getenv}}
	for _, setting := range []struct {
		variable string
		to       *time.Duration
	}{
		{"VALETKEY_MASTER_KEY_CACHE", &custody.MasterKey.Cache},
		{"VALETKEY_KEEP_EVENTS", &custody.Keep.Events},
		{"VALETKEY_KEEP_AUDIT", &custody.Keep.Audit},
	} {
		text := p.Env.Getenv(setting.variable)
		if text == "" {
			continue
		}
		span, err := time.ParseDuration(text)
		if err != nil || span <= 0 {
			return custody, fault.New(api.CodeNeedsConfiguration, "the setting %s is %q", setting.variable, text).
				WithHint("write it as 2160h: hours, minutes or seconds")
		}
		*setting.to = span
	}
	return custody, nil
}
