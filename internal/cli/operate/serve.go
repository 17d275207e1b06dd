package operate

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

const serveHelp = `Run the server until it is told to stop (Ctrl-C or SIGTERM).

It listens on one address for callers, who show a key, and on the unix socket
valetkey.sock in the data directory for whoever may open that directory.

A server that listens on loopback alone may reach APIs on loopback and private
addresses; any other must be told with --allow-private.

Each flag has an environment variable; a flag beats the variable, which beats
the file of --config. The file is YAML. Its keys are the variables in small
letters, without VALETKEY_: listen, public_url, allow_private, outbound_proxy,
data, database, database_file, providers_dir, sweep, apply, allow_command,
allow_grants, token_files, name, logo; and, without a flag,

  apply_prune, return_origins           as --apply-prune; where flows may return to
  master_key, master_key_cache          what seals the keyring
  keep_events, keep_audit               how long what happened is kept, as 2160h
  oidc_issuer, oidc_client_id,          signing in with an OpenID provider
  oidc_client_secret(_file), oidc_allowed

Tokens of connections that are in use are renewed before anyone waits for it,
and grants that nobody uses are kept alive (--sweep).`

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
			config.Apply.Path = cmp.Or(apply.Path, config.Apply.Path)
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
	flags.StringVar(&f.Name, "name", "", "what the pages call this installation (VALETKEY_NAME; default Valetkey)")
	flags.StringVar(&f.Logo, "logo", "", "its picture on the pages, a PNG or SVG `FILE` (VALETKEY_LOGO)")
	flags.StringVar(&apply.Path, "apply", "", "a YAML file, or the `PATH` of a directory with some, that is applied at\nthe start and whenever it changes (VALETKEY_APPLY)")
	flags.BoolVar(&apply.Prune, "apply-prune", false, "delete what the files of --apply do not name")
	flags.StringVar(&configFile, "config", "", "a `FILE` with settings, as YAML")
	flags.BoolVarP(&verbose, "verbose", "v", false, "log details")
	return cmd
}

// serveConfig lays flags over environment over file.
func (p Commands) serveConfig(f prompt.ServerFlags, path string) (config app.Config, err error) {
	file, err := readSettings(path)
	if err != nil {
		return config, err
	}
	if p.Flags.Data == "" && p.Env.Getenv("VALETKEY_DATA") == "" {
		p.Flags.Data = file.Data // the commands that are shown need it
	}
	if p.Env.Getenv, err = file.under(p.Env.Getenv); err != nil {
		return config, err
	}
	if config, err = p.AppConfig(f); err != nil {
		return config, err
	}
	config.ReturnOrigins = file.ReturnOrigins
	config.Apply = app.ApplyConfig{Path: p.Env.Getenv("VALETKEY_APPLY"), Prune: file.ApplyPrune}
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
