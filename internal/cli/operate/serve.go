package operate

import (
	"cmp"
	"context"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

const serveHelp = `Run the server until it is told to stop (Ctrl-C or SIGTERM).

It listens on one address for callers, who show a key, and on the unix socket
valetkey.sock in the data directory for whoever may open that directory.

A server that listens on loopback alone may reach APIs on loopback and private
addresses; any other must be told with --allow-private.

Each flag has an environment variable; a flag beats the variable, which beats
the file of --config. The file is YAML with the keys listen, public_url,
allow_private, return_origins, data, database, providers_dir, sweep,
apply, apply_prune,
allow_command, allow_grants, token_files and outbound_proxy.

Tokens of connections that are in use are renewed before anyone waits for it,
and grants that nobody uses are kept alive (--sweep).`

// serveFile is the configuration file of a server.
type serveFile struct {
	Listen        string   `json:"listen,omitempty"`
	PublicURL     string   `json:"public_url,omitempty"`
	AllowPrivate  string   `json:"allow_private,omitempty"`
	ReturnOrigins []string `json:"return_origins,omitempty"`
	Apply         string   `json:"apply,omitempty"`       // a manifest, or a directory of them
	ApplyPrune    bool     `json:"apply_prune,omitempty"` // delete what it does not name
	Data          string   `json:"data,omitempty"`
	Database      string   `json:"database,omitempty"`
	ProvidersDir  string   `json:"providers_dir,omitempty"`
	Sweep         string   `json:"sweep,omitempty"`
	AllowCommand  string   `json:"allow_command,omitempty"`
	OutboundProxy string   `json:"outbound_proxy,omitempty"`
	AllowGrants   string   `json:"allow_grants,omitempty"`
	TokenFiles    string   `json:"token_files,omitempty"`
}

// Serve is valetkey serve.
func (p Commands) Serve() *cobra.Command {
	var f prompt.ServerFlags
	var configFile string
	var apply app.ApplyConfig
	var verbose bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long:  serveHelp,
		Args:  cobra.NoArgs,
		Example: `  valetkey serve
  valetkey serve --listen 0.0.0.0:8539 --public-url https://valetkey.example.org --allow-private 10.0.0.0/8`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := p.serveConfig(f, configFile)
			if err != nil {
				return err
			}
			config.Apply.Path = cmp.Or(apply.Path, p.Env.Getenv("VALETKEY_APPLY"), config.Apply.Path)
			config.Apply.Prune = config.Apply.Prune || apply.Prune
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			config.Log = slog.New(slog.NewTextHandler(p.Streams.Err, &slog.HandlerOptions{Level: level}))
			return p.serve(cmd.Context(), config)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Listen, "listen", "", "the address to listen on (VALETKEY_LISTEN; default "+app.DefaultListen+")")
	flags.StringVar(&f.PublicURL, "public-url", "", "what browsers and providers see (VALETKEY_PUBLIC_URL; default the listen address)")
	flags.StringVar(&f.AllowPrivate, "allow-private", "", "address ranges that requests may reach besides public ones,\nsuch as loopback,10.0.0.0/8 (VALETKEY_ALLOW_PRIVATE)")
	flags.StringVar(&f.Database, "database", "", "a PostgreSQL database, postgres://USER@HOST/NAME, instead of SQLite\nin the data directory (VALETKEY_DATABASE, or VALETKEY_DATABASE_FILE)")
	flags.StringVar(&f.ProvidersDir, "providers-dir", "", "a `DIR` with provider descriptions of yours, *.yaml\n(VALETKEY_PROVIDERS_DIR)")
	flags.StringVar(&f.AllowGrants, "allow-grants", "", "grants that OAuth advises against and you need all the same:\npassword, implicit (VALETKEY_ALLOW_GRANTS)")
	flags.StringVar(&f.TokenFiles, "token-files", "", "directories, with commas between them, in which connections may\nkeep a token file (VALETKEY_TOKEN_FILES)")
	flags.StringVar(&f.OutboundProxy, "outbound-proxy", "", "the proxy of all requests, an http, https or socks5 `URL`, or none\n(VALETKEY_OUTBOUND_PROXY; default: HTTPS_PROXY, HTTP_PROXY, NO_PROXY)")
	flags.StringVar(&f.AllowCommand, "allow-command", "", "programs that a client may take its assertion from: absolute paths\nwith commas between them (VALETKEY_ALLOW_COMMAND; default: none)")
	flags.StringVar(&f.Sweep, "sweep", "", "how tokens are renewed ahead of need, for each provider: so many\nat once and so many a second, 16,50, or off (VALETKEY_SWEEP)")
	flags.StringVar(&apply.Path, "apply", "", "a YAML file, or the `PATH` of a directory with some, that is applied at\nthe start and whenever it changes (VALETKEY_APPLY)")
	flags.BoolVar(&apply.Prune, "apply-prune", false, "delete what the files of --apply do not name")
	flags.StringVar(&configFile, "config", "", "a `FILE` with settings, as YAML")
	flags.BoolVarP(&verbose, "verbose", "v", false, "log details")
	return cmd
}

// serveConfig lays flags over environment over file.
func (p Commands) serveConfig(f prompt.ServerFlags, path string) (app.Config, error) {
	var file serveFile
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return app.Config{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the configuration file %s cannot be read: %s", path, console.Reason(err))
		}
		if err := strictyaml.Decode(path, data, &file); err != nil {
			return app.Config{}, prompt.InConfiguration(err)
		}
	}
	if p.Flags.Data == "" && p.Env.Getenv("VALETKEY_DATA") == "" {
		p.Flags.Data = file.Data
	}
	config, err := p.AppConfig(f)
	if err != nil {
		return config, err
	}
	for _, setting := range []struct{ to, from *string }{
		{&config.Listen, &file.Listen},
		{&config.PublicURL, &file.PublicURL},
		{&config.AllowPrivate, &file.AllowPrivate},
		{&config.Database, &file.Database},
		{&config.ProvidersDir, &file.ProvidersDir},
		{&config.Sweep, &file.Sweep},
		{&config.AllowCommand, &file.AllowCommand},
		{&config.OutboundProxy, &file.OutboundProxy},
		{&config.AllowGrants, &file.AllowGrants},
		{&config.TokenFiles, &file.TokenFiles},
	} {
		if *setting.to == "" {
			*setting.to = *setting.from
		}
	}
	config.ReturnOrigins = file.ReturnOrigins
	config.Apply = app.ApplyConfig{Path: file.Apply, Prune: file.ApplyPrune}
	config.OpenID, err = p.openIDSettings()
	return config, err
}

func (p Commands) serve(ctx context.Context, config app.Config) error {
	server, err := app.Listen(ctx, config)
	if err != nil {
		return err
	}
	p.Note("listening on %s", server.URL)
	p.Note("data directory: %s", config.DataDir)
	p.Note("redirect URI to register at providers: %s", server.RedirectURI())
	p.Note("first steps, from another terminal:")
	p.Note("  valetkey%s connect NAME --provider PROVIDER   # or valetkey providers", p.dataFlag())
	p.Note("  valetkey%s key create NAME                    # a key for programs that call %s", p.dataFlag(), server.URL)
	if err := p.welcome(ctx, server); err != nil {
		return err
	}
	err = server.Run(ctx)
	p.Note("stopped")
	return err
}

// dataFlag repeats --data in a command that is shown, where it was given.
func (p Commands) dataFlag() string {
	if p.Flags.Data == "" {
		return ""
	}
	return " --data " + p.Flags.Data
}
