package client

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// SocketName is the unix socket of a running server, within its data directory.
const SocketName = "valetkey.sock"

// Options say which server to talk to and as whom.
type Options struct {
	// URL is the server's: http://127.0.0.1:8539, https://valetkey.example, or
	// unix:///path/to/valetkey.sock. Required.
	URL string
	// Key is the caller's key (vk_…). A unix socket needs none.
	Key string
	// HTTPClient sends the requests; nil means one of our own. Its redirect
	// policy is not used: redirects are never followed. With a unix URL it
	// gives its timeout alone.
	HTTPClient *http.Client
}

// Client speaks to one Valetkey. It is safe for concurrent use.
type Client struct {
	Providers   *Providers
	Clients     *Collection[api.Client, api.ClientSpec]
	Connections *Collection[api.Connection, api.ConnectionSpec]
	Flows       *Flows
	Keys        *Keys

	base *url.URL // without a trailing slash
	name string   // how errors call the server
	key  string
	http *http.Client
}

// New makes a client. It sends nothing yet, so a wrong key or a server that is
// down shows with the first request. A malformed URL is an [api.Problem] of
// [api.CodeInvalid].
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, invalid("the server's URL cannot be read", "write it as http://127.0.0.1:8539")
	}
	sender := http.Client{}
	if o.HTTPClient != nil {
		sender = *o.HTTPClient
	}
	name := strings.TrimRight(u.Redacted(), "/")
	switch {
	case u.Scheme == "unix" && u.Path != "":
		sender.Transport = unixTransport(u.Path)
		name = "the unix socket " + u.Path
		u = &url.URL{Scheme: "http", Host: "valetkey"}
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return nil, invalid(fmt.Sprintf("%q is not the URL of a server", u.Redacted()),
			"write it as http://127.0.0.1:8539, https://valetkey.example or unix:///path/to/valetkey.sock")
	}
	return assemble(u, name, o.Key, &sender), nil
}

// NewForHandler makes a client that calls h in this process, with no network
// between. Bodies stream both ways as they do over HTTP.
func NewForHandler(h http.Handler) *Client {
	u := &url.URL{Scheme: "http", Host: "valetkey"}
	return assemble(u, "the server in this process", "", &http.Client{Transport: &memoryTransport{handler: h}})
}

// FromEnvironment makes a client from VALETKEY_URL and VALETKEY_KEY (or the
// file named by VALETKEY_KEY_FILE). Without VALETKEY_URL it uses the unix
// socket of the server that runs on VALETKEY_DATA.
func FromEnvironment() (*Client, error) {
	return fromEnvironment(os.Getenv, os.ReadFile)
}

func fromEnvironment(getenv func(string) string, readFile func(string) ([]byte, error)) (*Client, error) {
	o := Options{URL: getenv("VALETKEY_URL"), Key: getenv("VALETKEY_KEY")}
	if file := getenv("VALETKEY_KEY_FILE"); o.Key == "" && file != "" {
		data, err := readFile(file)
		if err != nil {
			return nil, invalid("the file named by VALETKEY_KEY_FILE cannot be read: "+err.Error(), "check VALETKEY_KEY_FILE")
		}
		o.Key = strings.TrimSpace(string(data))
	}
	if o.URL == "" {
		dir, err := filepath.Abs(DataDir(getenv))
		if err != nil {
			return nil, invalid("the data directory has no absolute path: "+err.Error(), "set VALETKEY_DATA or VALETKEY_URL")
		}
		o.URL = (&url.URL{Scheme: "unix", Path: filepath.ToSlash(filepath.Join(dir, SocketName))}).String()
	}
	return New(o)
}

// DataDir is the data directory that the environment names: VALETKEY_DATA, or
// valetkey under XDG_DATA_HOME or ~/.local/share.
func DataDir(getenv func(string) string) string {
	if dir := getenv("VALETKEY_DATA"); dir != "" {
		return dir
	}
	if dir := getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "valetkey")
	}
	return filepath.Join(getenv("HOME"), ".local", "share", "valetkey")
}

func assemble(base *url.URL, name, key string, sender *http.Client) *Client {
	trimmed := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host, Path: strings.TrimRight(base.Path, "/")}
	// A redirect is not ours to follow: it would take the key elsewhere, and
	// through /proxy/ it belongs to the caller.
	sender.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{base: trimmed, name: name, key: key, http: sender}
	c.Providers = &Providers{Collection[api.Provider, api.Provider]{client: c, noun: "providers"}}
	c.Clients = &Collection[api.Client, api.ClientSpec]{client: c, noun: "clients"}
	c.Connections = &Collection[api.Connection, api.ConnectionSpec]{client: c, noun: "connections"}
	c.Flows = &Flows{client: c}
	c.Keys = &Keys{client: c}
	return c
}
