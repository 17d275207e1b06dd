package oauth

import (
	"bufio"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// A request bears one client authentication method, never two.
func TestRFC6749_2_3(t *testing.T) {
	for _, method := range []AuthMethod{AuthBasic, AuthPost, AuthNone, AuthTLS, AuthPrivateKeyJWT} {
		r := codeRequest()
		r.Auth.Method, r.Auth.Assertion = method, "a.b.c"
		req, form := built(t, r)
		ways := 0
		for _, present := range []bool{req.Header.Get("Authorization") != "", form.Has("client_secret"), form.Has("client_assertion")} {
			if present {
				ways++
			}
		}
		want := 1
		if method == AuthNone || method == AuthTLS {
			want = 0
		}
		if ways != want {
			t.Errorf("%s: %d ways of authentication, want %d: %v", method, ways, want, form)
		}
	}
	r := codeRequest()
	r.Params.Set("client_secret", "again")
	_, err := r.HTTP(context.Background())
	failing(t, err, CodeInvalidRequest, ActionBug)
}

// Basic is preferred where the server takes it, the body where it does not.
func TestRFC6749_2_3_1_a(t *testing.T) {
	for _, c := range []struct {
		methods []AuthMethod
		secret  bool
		want    AuthMethod
	}{
		{[]AuthMethod{AuthPost, AuthBasic}, true, AuthBasic},
		{[]AuthMethod{AuthPost}, true, AuthPost},
		{nil, true, AuthBasic},
		{[]AuthMethod{AuthPost, AuthBasic}, false, AuthNone},
	} {
		if got := (Server{AuthMethods: c.methods}).PreferredAuth(c.secret); got != c.want {
			t.Errorf("%v: %s, want %s", c.methods, got, c.want)
		}
	}
}

// Id and secret are form-encoded before they are joined for Basic, unless the
// server is described as not decoding them.
func TestRFC6749_2_3_1_b(t *testing.T) {
	for _, c := range []struct {
		id, secret, want string
		raw              bool
	}{
		{"a:b", "c:d", "a%3Ab:c%3Ad", false},
		{"id", "p+q r%s", "id:p%2Bq+r%25s", false},
		{"id", "geheim-ü", "id:geheim-%C3%BC", false},
		{"id", "p+q%s", "id:p+q%s", true},
	} {
		r := codeRequest()
		r.Auth = ClientAuth{ClientID: c.id, ClientSecret: c.secret, Method: AuthBasic, RawBasic: c.raw}
		req, _ := built(t, r)
		encoded, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Basic ")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || string(got) != c.want {
			t.Errorf("%s %s: got %q, want %q", c.id, c.secret, got, c.want)
		}
	}
}

// Credentials stay out of the request URI, unless the description says query.
func TestRFC6749_2_3_1_c(t *testing.T) {
	for _, method := range []AuthMethod{AuthBasic, AuthPost} {
		r := codeRequest()
		r.Auth.Method = method
		req, _ := built(t, r)
		if req.URL.RawQuery != "" {
			t.Errorf("%s: query %q", method, req.URL.RawQuery)
		}
	}
	r := codeRequest()
	r.Endpoint = "https://client:s3cret@as.example/token"
	_, err := r.HTTP(context.Background())
	failing(t, err, CodeInvalidEndpoint, ActionConfigure)
}

// A token request is a form-encoded UTF-8 POST that asks for JSON.
func TestRFC6749_3_2_a(t *testing.T) {
	r := codeRequest()
	r.Params.Set("device_name", "Grüße")
	req, form := built(t, r)
	if req.Method != "POST" || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || req.Header.Get("Accept") != "application/json" {
		t.Errorf("%s %v", req.Method, req.Header)
	}
	if form.Get("grant_type") != "authorization_code" || form.Get("device_name") != "Grüße" {
		t.Errorf("form %v", form)
	}
}

// A parameter without a value is left out, and none but resource is repeated.
func TestRFC6749_3_2_b(t *testing.T) {
	r := codeRequest()
	r.Params = CodeParams("the-code", "https://app.example/cb", "")
	r.Params["resource"] = []string{"https://one.example", "https://two.example"}
	_, form := built(t, r)
	if form.Has("code_verifier") || len(form["resource"]) != 2 {
		t.Errorf("form %v", form)
	}
	r.Params["code"] = []string{"one", "two"}
	_, err := r.HTTP(context.Background())
	failing(t, err, CodeDuplicate, ActionBug)
}

// A confidential client authenticates on every grant.
func TestRFC6749_3_2_1_a(t *testing.T) {
	for grant, params := range map[GrantType]url.Values{
		GrantAuthorizationCode: CodeParams("c", "https://app.example/cb", verifierOfRFC),
		GrantRefreshToken:      RefreshParams("rt", nil, ""),
		GrantClientCredentials: ClientCredentialsParams([]string{"a"}, ""),
	} {
		req, _ := built(t, TokenRequest{Endpoint: "https://as.example/token", Auth: confidential(), Grant: grant, Params: params})
		if _, _, ok := req.BasicAuth(); !ok {
			t.Errorf("%s: not authenticated", grant)
		}
	}
}

// A client without authentication sends its client_id.
func TestRFC6749_3_2_1_b(t *testing.T) {
	r := codeRequest()
	r.Auth = ClientAuth{ClientID: "public"}
	_, form := built(t, r)
	if form.Get("client_id") != "public" || form.Has("client_secret") {
		t.Errorf("form %v", form)
	}
}

// The redirect_uri of the token request is byte for byte the one given.
func TestRFC6749_4_1_3(t *testing.T) {
	const uri = "https://app.example:443/cb/?x=%7e&y=1"
	r := codeRequest()
	r.Params = CodeParams("c", uri, "")
	if _, form := built(t, r); form.Get("redirect_uri") != uri {
		t.Errorf("got %q", form.Get("redirect_uri"))
	}
}

// The client credentials grant is refused for a client without a credential.
func TestRFC6749_4_4(t *testing.T) {
	r := TokenRequest{Endpoint: "https://as.example/token", Grant: GrantClientCredentials, Auth: ClientAuth{ClientID: "public", Method: AuthNone}}
	_, err := r.HTTP(context.Background())
	failing(t, err, CodeInvalidClientKey, ActionConfigure)
	r.Auth = ClientAuth{ClientID: "c", Method: AuthPost}
	_, err = r.HTTP(context.Background())
	failing(t, err, CodeInvalidClientKey, ActionConfigure)
}

// A refresh is authenticated and, without scopes, names none.
func TestRFC6749_6_c(t *testing.T) {
	req, form := built(t, TokenRequest{Endpoint: "https://as.example/token", Auth: confidential(), Grant: GrantRefreshToken, Params: RefreshParams("rt-1", nil, "")})
	if _, _, ok := req.BasicAuth(); !ok || form.Get("refresh_token") != "rt-1" || form.Has("scope") {
		t.Errorf("form %v", form)
	}
	_, form = built(t, TokenRequest{Endpoint: "https://as.example/token", Auth: confidential(), Grant: GrantRefreshToken, Params: RefreshParams("rt-1", []string{"a", "b"}, ",")})
	if form.Get("scope") != "a,b" {
		t.Errorf("scope %q", form.Get("scope"))
	}
}

// A signed assertion comes with its type, and client_id names the same client.
func TestRFC7521_4_2_a(t *testing.T) {
	r := codeRequest()
	r.Auth = ClientAuth{ClientID: "client", Method: AuthPrivateKeyJWT, Assertion: "header.claims.signature"}
	_, form := built(t, r)
	if form.Get("client_assertion") != "header.claims.signature" || form.Get("client_assertion_type") != assertionType || form.Get("client_id") != "client" {
		t.Errorf("form %v", form)
	}
}

// With a TLS certificate the client sends its client_id.
func TestRFC8705_2(t *testing.T) {
	r := codeRequest()
	r.Auth = ClientAuth{ClientID: "client", Method: AuthTLS}
	if _, form := built(t, r); form.Get("client_id") != "client" {
		t.Errorf("form %v", form)
	}
}

// A resource is absolute and has no fragment.
func TestRFC8707_2_a(t *testing.T) {
	for resource, ok := range map[string]bool{"https://api.example/v1": true, "urn:api": true, "api": false, "https://api.example/#x": false} {
		r := codeRequest()
		r.Params.Set("resource", resource)
		if _, err := r.HTTP(context.Background()); (err == nil) != ok {
			t.Errorf("%s: %v", resource, err)
		}
	}
}

func TestARequestFollowsItsRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		rules  RequestRules
		method AuthMethod
		want   string // method, content type, query, body
	}{
		{"renamed and omitted, as JSON",
			RequestRules{Encoding: "json", Rename: map[string]string{"client_id": "app_id", "client_secret": "secret", "code": "auth_code"}, Omit: []string{"grant_type", "redirect_uri", "code_verifier"}},
			AuthPost, `POST application/json  {"app_id":"client","auth_code":"the-code","secret":"s3cret"}`},
		{"GET with everything in the query",
			RequestRules{Method: "GET", Rename: map[string]string{"client_id": "appid", "client_secret": "secret"}, Omit: []string{"redirect_uri", "code_verifier"}},
			AuthPost, `GET  appid=client&code=the-code&grant_type=authorization_code&secret=s3cret `},
		{"another grant type and further parameters",
			RequestRules{GrantType: "account_credentials", Params: map[string]string{"account_id": "7", "empty": ""}, OmitEmpty: true, Omit: []string{"redirect_uri", "code_verifier", "code"}},
			AuthBasic, `POST application/x-www-form-urlencoded  account_id=7&grant_type=account_credentials`},
		{"a parameter sent twice",
			RequestRules{Repeat: map[string][]string{"audience": {"a", "b"}}, Omit: []string{"redirect_uri", "code_verifier", "code"}},
			AuthBasic, `POST application/x-www-form-urlencoded  audience=a&audience=b&grant_type=authorization_code`},
		{"POST with the parameters in the query",
			RequestRules{Encoding: "query", Omit: []string{"redirect_uri", "code_verifier"}},
			AuthBasic, `POST  code=the-code&grant_type=authorization_code `},
		{"the body instead of Basic, for this leg",
			RequestRules{Auth: "client_secret_post", Omit: []string{"redirect_uri", "code_verifier", "code"}},
			AuthBasic, `POST application/x-www-form-urlencoded  client_id=client&client_secret=s3cret&grant_type=authorization_code`},
	} {
		r := codeRequest()
		r.Auth.Method, r.Rules = c.method, c.rules
		req, err := r.HTTP(context.Background())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		body, _ := io.ReadAll(req.Body)
		got := req.Method + " " + req.Header.Get("Content-Type") + " " + req.URL.RawQuery + " " + string(body)
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestRulesThatCannotBeMetAreRefused(t *testing.T) {
	for name, rules := range map[string]RequestRules{
		"GET with a body":        {Method: "GET", Encoding: "form"},
		"unknown encoding":       {Encoding: "xml"},
		"line break in a header": {Headers: map[string]string{"X-A": "b\r\nX-C: d"}},
		"line break in a name":   {Headers: map[string]string{"X-A\r\nX-B": "c"}},
		"the host":               {Headers: map[string]string{"Host": "evil.example"}},
		"two names for one":      {Rename: map[string]string{"code": "redirect_uri"}},
		"plain http":             {URL: "http://as.example/token"},
		"unknown authentication": {Auth: "magic"},
		"token as credential":    {Auth: AuthAccessToken},
		"malformed method":       {Method: "PO ST"},
	} {
		r := codeRequest()
		r.Rules = rules
		if _, err := r.HTTP(context.Background()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAHeaderOfTheRulesReplacesOurs(t *testing.T) {
	r := codeRequest()
	r.Rules.Headers = map[string]string{"accept": "text/plain", "X-Version": "2"}
	req, _ := built(t, r)
	if got := req.Header.Values("Accept"); len(got) != 1 || got[0] != "text/plain" || req.Header.Get("X-Version") != "2" {
		t.Errorf("%v", req.Header)
	}
}

// https everywhere but on loopback, unless the operator allowed it.
func TestOAuth21_1_5(t *testing.T) {
	for endpoint, want := range map[string][2]bool{ // plain, with AllowInsecure
		"https://as.example/token":     {true, true},
		"http://as.example/token":      {false, true},
		"http://10.0.0.7:8080/token":   {false, true},
		"http://127.0.0.1:1/token":     {true, true},
		"http://127.8.9.10/token":      {true, true},
		"http://[::1]:9/token":         {true, true},
		"http://localhost:9/token":     {true, true},
		"http://localhost.evil.com/t":  {false, true},
		"http://127.0.0.1.evil.com/t":  {false, true},
		"ftp://as.example/token":       {false, false},
		"/token":                       {false, false},
		"https:as.example":             {false, false},
		"https://u:p@as.example/token": {false, false},
		"":                             {false, false},
	} {
		if got := CheckEndpoint(endpoint) == nil; got != want[0] {
			t.Errorf("%s: accepted %v", endpoint, got)
		}
		if got := CheckEndpoint(endpoint, AllowInsecure) == nil; got != want[1] {
			t.Errorf("%s with AllowInsecure: accepted %v", endpoint, got)
		}
	}
}

// A server that reads the request and hangs up must see it once: a code or a
// rotating refresh token may be spent by then. The first connection is kept
// alive so that net/http is in the position where it would send again.
func TestARequestIsNeverSentTwice(t *testing.T) {
	for name, rules := range map[string]RequestRules{
		"POST":                    {},
		"POST, JSON":              {Encoding: "json"},
		"GET":                     {Method: "GET"},
		"POST, query":             {Encoding: "query"},
		"POST with a replay hint": {Headers: map[string]string{"Idempotency-Key": "k"}},
	} {
		t.Run(name, func(t *testing.T) {
			var seen atomic.Int32
			server := hangUpAfterFirst(t, &seen)
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			for i := range 2 {
				r := codeRequest()
				r.Endpoint, r.Rules, r.Auth.Method = server, rules, AuthPost
				req, err := r.HTTP(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if req.GetBody != nil {
					t.Fatal("the body can be rewound")
				}
				resp, err := client.Do(req)
				if (err == nil) != (i == 0) {
					t.Fatalf("request %d: %v", i, err)
				}
				if err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			}
			if seen.Load() != 2 {
				t.Errorf("the server saw %d requests, want 2", seen.Load())
			}
		})
	}
}

// hangUpAfterFirst answers the first request of each connection and closes the
// connection after reading the second.
func hangUpAfterFirst(t *testing.T, seen *atomic.Int32) string {
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if seen.Add(1) == 1 {
			_, _ = w.Write([]byte("{}"))
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/token"
}

// A GET leg is sent without a body, though it holds one for net/http's sake.
func TestAGetLegSendsNoBody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heads := make(chan *http.Request, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			heads <- req
			_, _ = conn.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
		}
	}()
	r := codeRequest()
	r.Endpoint, r.Rules.Method = "http://"+listener.Addr().String()+"/token", "GET"
	req, err := r.HTTP(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if head := <-heads; head.ContentLength > 0 || len(head.TransferEncoding) > 0 {
		t.Errorf("length %d, encoding %v", head.ContentLength, head.TransferEncoding)
	}
}
