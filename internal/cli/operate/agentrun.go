package operate

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/tunnel"
)

// agentFlags are those of valetkey agent run.
type agentFlags struct {
	urls    []string
	token   string
	allow   []string
	ca      string
	verbose bool
}

func (p Commands) agentRunCommand() *cobra.Command {
	var f agentFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run an agent in its network until it is told to stop",
		Long: `Run an agent until it is told to stop (Ctrl-C or SIGTERM). It dials out to the
server over HTTPS, through HTTPS_PROXY where that is set, comes back by itself
when the network breaks, and lets requests through to what --allow names and to
nothing else.

Each flag has an environment variable: VALETKEY_URL, VALETKEY_AGENT_TOKEN (or
VALETKEY_AGENT_TOKEN_FILE, a file that holds it), VALETKEY_AGENT_ALLOW and
VALETKEY_AGENT_CA. A token among the arguments can be read by everybody on the
machine: prefer the file.

An agent runs once. The newest process of a name is served; the one before it is
told so and ends. Where the server is several nodes, --url is given once for each.`,
		Args: cobra.NoArgs,
		Example: `  VALETKEY_AGENT_TOKEN_FILE=agent-token valetkey agent run --url https://valetkey.example.com --allow erp.contoso.internal:443
  valetkey agent run --url https://node1.example.com --url https://node2.example.com --allow '*.contoso.internal:443' --ca company-ca.pem`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			agents, err := p.agents(f)
			if err != nil {
				return err
			}
			return runAll(cmd.Context(), agents)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.urls, "url", nil, "the server's public URL; once for each node (VALETKEY_URL)")
	flags.StringVar(&f.token, "token", "", "the token of valetkey agent add (VALETKEY_AGENT_TOKEN, or VALETKEY_AGENT_TOKEN_FILE)")
	flags.StringArrayVar(&f.allow, "allow", nil, "a `HOST:PORT` that requests may go to, or *.DOMAIN:PORT; may be\nrepeated (VALETKEY_AGENT_ALLOW, with commas)")
	flags.StringVar(&f.ca, "ca", "", "a `FILE` with the only certificates, in PEM, that may vouch for the\nserver (VALETKEY_AGENT_CA; default: those the machine trusts)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log each dial")
	return cmd
}

// agents makes one agent for each URL, all of them one run of the program.
func (p Commands) agents(f agentFlags) ([]tunnel.Agent, error) {
	if len(f.urls) == 0 {
		f.urls = strings.FieldsFunc(p.Env.Getenv("VALETKEY_URL"), separates)
	}
	token, err := p.SecretSetting(f.token, "VALETKEY_AGENT_TOKEN")
	if err != nil {
		return nil, err
	}
	switch {
	case len(f.urls) == 0:
		return nil, prompt.Usage("write it as --url https://valetkey.example.com", "the agent is not told which server is its own")
	case token == "":
		return nil, prompt.Usage("valetkey agent add NAME, at the server, prints one; name its file in VALETKEY_AGENT_TOKEN_FILE", "the agent has no token")
	}
	allow, err := tunnel.ParseAllow(append(f.allow, strings.FieldsFunc(p.Env.Getenv("VALETKEY_AGENT_ALLOW"), separates)...))
	if err != nil {
		return nil, err
	}
	out, way, err := p.agentWay(p.Setting(f.ca, "VALETKEY_AGENT_CA"))
	if err != nil {
		return nil, err
	}
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(p.Streams.Err, &slog.HandlerOptions{Level: level}))
	if len(allow.Texts()) == 0 {
		log.Warn("nothing is allowed: every request will be refused; add --allow HOST:PORT")
	}
	instance := tunnel.NewInstance()
	agents := make([]tunnel.Agent, len(f.urls))
	for i, url := range f.urls {
		agents[i] = tunnel.Agent{URL: url, Token: token, Allow: allow, Version: p.Env.Version, Way: way, Instance: instance, Dial: out.DialContext, Log: log}
		agents[i].Now = p.Env.Now
	}
	return agents, nil
}

func separates(r rune) bool { return r == ',' || r == ' ' }

// agentWay is the way to the server, and to what is allowed. Whoever runs the
// agent named both, so that no address is refused.
func (p Commands) agentWay(ca string) (*egress.Egress, http.RoundTripper, error) {
	outbound, err := egress.ReadOutbound(p.Env.Getenv("VALETKEY_OUTBOUND_PROXY"), p.Env.Getenv)
	if err != nil {
		return nil, nil, err
	}
	out := egress.New(egress.Config{
		AllowPrivate: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, Outbound: outbound,
	})
	if ca == "" {
		return out, out.Transport(), nil
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the file of --ca cannot be read: %s", console.Reason(err)).
			WithHint("name a file with certificates in PEM")
	}
	way, err := out.Trusting(egress.Trust{CA: string(text)})
	if err != nil {
		return nil, nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the file of --ca holds no certificate").
			WithHint("name a file with certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE")
	}
	return out, way, nil
}

// runAll runs agents until the context ends or the first of them must not go on.
func runAll(ctx context.Context, agents []tunnel.Agent) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, agent := range agents {
		all.Go(func() error { return agent.Run(ctx) })
	}
	return all.Wait()
}
