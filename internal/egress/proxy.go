package egress

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Outbound is the proxy that the operator put on the way out. The zero value is
// none. Its address needs no leave of its own: the operator named it.
type Outbound struct {
	choose func(*http.Request) (*url.URL, error)
	hosts  []string // addresses of the proxies, host:port
}

// ReadOutbound reads the operator's setting: an http, https or socks5 URL,
// which may hold user and password; "none"; or "" for what HTTPS_PROXY,
// HTTP_PROXY and NO_PROXY of the environment say. This machine itself is always
// reached directly. The error does not repeat the setting.
func ReadOutbound(setting string, getenv func(string) string) (Outbound, error) {
	switch setting {
	case "none":
		return Outbound{}, nil
	case "":
	default:
		proxy, err := parseProxy(setting)
		if err != nil {
			return Outbound{}, err
		}
		return outbound(httpproxy.Config{HTTPProxy: proxy.String(), HTTPSProxy: proxy.String(), NoProxy: env(getenv, "NO_PROXY")}, proxy), nil
	}
	config := httpproxy.Config{HTTPProxy: env(getenv, "HTTP_PROXY"), HTTPSProxy: env(getenv, "HTTPS_PROXY"), NoProxy: env(getenv, "NO_PROXY")}
	var proxies []*url.URL
	for _, text := range []string{config.HTTPProxy, config.HTTPSProxy} {
		if text == "" {
			continue
		}
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		proxy, err := parseProxy(text)
		if err != nil {
			return Outbound{}, err
		}
		proxies = append(proxies, proxy)
	}
	if len(proxies) == 0 {
		return Outbound{}, nil
	}
	return outbound(config, proxies...), nil
}

func outbound(config httpproxy.Config, proxies ...*url.URL) Outbound {
	choose := config.ProxyFunc()
	o := Outbound{choose: func(r *http.Request) (*url.URL, error) { return choose(r.URL) }}
	for _, proxy := range proxies {
		o.hosts = append(o.hosts, dialed(proxy))
	}
	return o
}

// env reads a variable whose name is written in capitals or not.
func env(getenv func(string) string, name string) string {
	if value := getenv(name); value != "" {
		return value
	}
	return getenv(strings.ToLower(name))
}

// parseProxy reads a proxy's URL. The error does not repeat it: it may hold a
// password.
func parseProxy(text string) (*url.URL, error) {
	proxy, err := url.Parse(strings.TrimSpace(text))
	if err != nil || proxy.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
		return nil, fault.New(api.CodeNeedsConfiguration, "the address of the outbound proxy is not an http, https or socks5 URL").
			WithHint("write it like http://proxy.contoso.example:3128")
	}
	return proxy, nil
}

// dialed is the address at which a proxy is connected to.
func dialed(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[proxy.Scheme]
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}
