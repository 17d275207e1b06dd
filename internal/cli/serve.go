package cli

import (
	"context"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
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
allow_private, return_origins, data and database.`

// serveFile is the configuration file of a server.
type serveFile struct {
	Listen        string   `json:"listen,omitempty"`
	PublicURL     string   `json:"public_url,omitempty"`
	AllowPrivate  string   `json:"allow_private,omitempty"`
	ReturnOrigins []string `json:"return_origins,omitempty"`
	Data          string   `json:"data,omitempty"`
	Database      string   `json:"database,omitempty"`
}

func (p *program) serveCommand() *cobra.Command {
	var f serverFlags
	var configFile string
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
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			config.Log = slog.New(slog.NewTextHandler(p.streams.Err, &slog.HandlerOptions{Level: level}))
			return p.serve(cmd.Context(), config)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "", "the address to listen on (VALETKEY_LISTEN; default "+app.DefaultListen+")")
	flags.StringVar(&f.publicURL, "public-url", "", "what browsers and providers see (VALETKEY_PUBLIC_URL; default the listen address)")
	flags.StringVar(&f.allowPrivate, "allow-private", "", "address ranges that requests may reach besides public ones,\nsuch as loopback,10.0.0.0/8 (VALETKEY_ALLOW_PRIVATE)")
	flags.StringVar(&f.database, "database", "", "a PostgreSQL database, postgres://USER@HOST/NAME, instead of SQLite\nin the data directory (VALETKEY_DATABASE, or VALETKEY_DATABASE_FILE)")
	flags.StringVar(&configFile, "config", "", "a `FILE` with settings, as YAML")
	flags.BoolVarP(&verbose, "verbose", "v", false, "log details")
	return cmd
}

// serveConfig lays flags over environment over file.
func (p *program) serveConfig(f serverFlags, path string) (app.Config, error) {
	var file serveFile
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return app.Config{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the configuration file %s cannot be read: %s", path, console.Reason(err))
		}
		if err := strictyaml.Decode(path, data, &file); err != nil {
			return app.Config{}, inConfiguration(err)
		}
	}
	if p.flags.data == "" && p.env.Getenv("VALETKEY_DATA") == "" {
		p.flags.data = file.Data
	}
	config, err := p.appConfig(f)
	if err != nil {
		return config, err
	}
	for _, setting := range []struct{ to, from *string }{
		{&config.Listen, &file.Listen},
		{&config.PublicURL, &file.PublicURL},
		{&config.AllowPrivate, &file.AllowPrivate},
		{&config.Database, &file.Database},
	} {
		if *setting.to == "" {
			*setting.to = *setting.from
		}
	}
	config.ReturnOrigins = file.ReturnOrigins
	return config, nil
}

func (p *program) serve(ctx context.Context, config app.Config) error {
	server, err := app.Listen(ctx, config)
	if err != nil {
		return err
	}
	p.note("listening on %s", server.URL)
	p.note("data directory: %s", config.DataDir)
	p.note("redirect URI to register at providers: %s", server.RedirectURI())
	p.note("first steps, from another terminal:")
	p.note("  valetkey%s connect NAME --provider PROVIDER   # or valetkey providers", p.dataFlag())
	p.note("  valetkey%s key create NAME                    # a key for programs that call %s", p.dataFlag(), server.URL)
	err = server.Run(ctx)
	p.note("stopped")
	return err
}

// dataFlag repeats --data in a command that is shown, where it was given.
func (p *program) dataFlag() string {
	if p.flags.data == "" {
		return ""
	}
	return " --data " + p.flags.data
}
