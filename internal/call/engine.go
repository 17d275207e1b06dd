package call

import (
	"context"
	crand "crypto/rand"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// Credentials gives and renews credentials; *broker.Broker does.
type Credentials interface {
	// Credential returns what one call needs. It is quick while the token is fresh.
	Credential(ctx context.Context, connection string) (*broker.Credential, error)
	// Renew returns a credential of a later generation: the API refused this one.
	Renew(ctx context.Context, connection string, generation int64) (*broker.Credential, error)
	// Used notes that the connection was used.
	Used(connection string)
}

// Headers that an answer may carry besides the API's own. An API's headers of
// such names are taken out: it cannot speak for Valetkey.
const (
	HeaderPrefix    = "Valetkey-"          // begins the name of each
	HeaderAttempts  = "Valetkey-Attempts"  // how often the API was called, when more than once
	HeaderWaited    = "Valetkey-Waited"    // how long the call waited for the API's limits, in seconds, when it did
	HeaderRetryable = "Valetkey-Retryable" // "true": the token was renewed, send the request again
	HeaderCaching   = "Valetkey-Caching"   // "kept": Cache-Control is the API's own, as the connection's settings want it
)

// Request is a call of an API.
type Request struct {
	Method        string // default GET
	Path          string // encoded, under the base URL; may hold ?query; or an absolute URL under the base URL
	RawQuery      string // encoded; added to that of Path
	Header        http.Header
	Body          io.Reader   // nil: none
	ContentLength int64       // of Body in bytes; -1: unknown
	Trailer       http.Header // sent after Body; values may be filled in until Body ends
	Upgrade       string      // protocol to switch to (RFC 9110 section 7.8); "": none
}

// Options change an [Engine]. The zero value is fit for use.
type Options struct {
	Now       func() time.Time                              // default [time.Now]
	Open      func(*broker.Credential) (secret.Text, error) // default [broker.Credential.AccessToken]
	ClientKey func(*broker.Credential) (secret.Text, error) // default [broker.Credential.ClientKey]
	ProofKey  func(*broker.Credential) (dpop.Key, error)    // default [broker.Credential.ProofKey]
	Entropy   io.Reader                                     // for proofs; default [crypto/rand.Reader]
	Random    func() float64                                // in [0, 1), for the spread of retries; default [rand.Float64]
	ReadFile  func(path string) ([]byte, error)             // for proxies; default: none can be read
	Getenv    func(name string) string                      // for proxies; default: nothing is set
}

// Engine calls APIs. It is safe for concurrent use.
type Engine struct {
	credentials Credentials
	transport   http.RoundTripper
	now         func() time.Time
	open        func(*broker.Credential) (secret.Text, error)
	clientKey   func(*broker.Credential) (secret.Text, error)
	proofKey    func(*broker.Credential) (dpop.Key, error)
	entropy     io.Reader
	nonces      dpop.Nonces // of APIs
	random      func() float64
	readFile    func(path string) ([]byte, error)
	getenv      func(name string) string
	brake       *brake
	jars        jars
	budgets     *budgets
	attempt     step // one request with its retries, within the limits
}

// New makes an Engine. The transport must neither follow redirects nor retry.
func New(credentials Credentials, transport http.RoundTripper, options Options) *Engine {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Open == nil {
		options.Open = (*broker.Credential).AccessToken
	}
	if options.ClientKey == nil {
		options.ClientKey = (*broker.Credential).ClientKey
	}
	if options.ProofKey == nil {
		options.ProofKey = (*broker.Credential).ProofKey
	}
	if options.Entropy == nil {
		options.Entropy = crand.Reader
	}
	if options.Random == nil {
		options.Random = rand.Float64
	}
	if options.ReadFile == nil {
		options.ReadFile = func(string) ([]byte, error) { return nil, fs.ErrPermission }
	}
	if options.Getenv == nil {
		options.Getenv = func(string) string { return "" }
	}
	e := &Engine{
		readFile: options.ReadFile, getenv: options.Getenv,
		credentials: credentials, transport: transport,
		now: options.Now, open: options.Open, clientKey: options.ClientKey, random: options.Random,
		proofKey: options.ProofKey, entropy: options.Entropy,
		brake: newBrake(options.Now), budgets: newBudgets(options.Now),
	}
	e.attempt = e.retrying(e.nonced(e.limited(following(e.send))))
	return e
}

// Do calls the API and returns its answer as it came, whatever its status,
// except that cookies are taken out, that [HeaderAttempts], [HeaderWaited] or
// [HeaderRetryable] may be added, and Retry-After where the API says the same
// in another way. A call that the limits of the connection do not let through
// in time is answered 429 here, with Valetkey-Error: rate_limited. The body
// streams; the caller closes it. Cancelling ctx ends
// the call at any point. Errors carry a [fault.Error].
func (e *Engine) Do(ctx context.Context, connection string, r Request) (*http.Response, error) {
	credential, err := e.credentials.Credential(ctx, connection)
	if err != nil {
		return nil, err
	}
	o := outgoing{Request: r, begun: e.now()}
	if o.Method == "" {
		o.Method = http.MethodGet
	}
	if err := o.buffer(); err != nil {
		return nil, err
	}
	response, err := e.attempt(ctx, credential, &o)
	if err != nil {
		return nil, err
	}
	e.credentials.Used(connection)
	if e.refuses(credential.Target, &o, response) {
		if response, err = e.afterRefusal(ctx, credential, &o, response); err != nil {
			return nil, err
		}
		e.tellRefusal(credential, &o, response)
	}
	e.stepUp(ctx, credential, &o, response)
	outcome(credential.Target, &o, response)
	e.longTokens(credential, &o, response)
	o.report(response.Header)
	letKeep(credential.Target, response.Header)
	e.retried(ctx, connection, &o)
	return response, nil
}

// send makes one attempt.
func (e *Engine) send(ctx context.Context, credential *broker.Credential, o *outgoing) (*http.Response, error) {
	target := credential.Target
	if target.BaseURL == nil {
		return nil, fault.New(api.CodeNeedsConfiguration, "the connection %s has no base URL, so its API cannot be called", credential.Connection).
			WithHint("set api.base_url of the connection, or fetch its token and call the API yourself")
	}
	transport, err := e.way(credential, o)
	if err != nil {
		return nil, err
	}
	watch := startWatch(ctx, target.Timeout)
	request, err := e.build(&watch.Context, credential, o)
	if err != nil {
		watch.end()
		return nil, err
	}
	session := e.jars.of(credential, o.away)
	session.place(request)
	if request.Body != nil {
		request.Body = &upload{body: request.Body, watch: watch, from: o.Trailer, to: request.Trailer}
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, watch.fail(err, target.BaseURL.Host)
	}
	watch.answered()
	if credential.Bound() && !o.away {
		e.nonces.Adopt(request.URL, response.Header)
	}
	response.Body = watch.body(response.Body)
	if o.packed {
		unpack(response)
	}
	session.keep(request.URL, response)
	for name := range response.Header {
		if name == "Set-Cookie" || name == "Set-Cookie2" || strings.HasPrefix(name, HeaderPrefix) {
			delete(response.Header, name)
		}
	}
	return response, nil
}

// build makes the request of one attempt: the target, the caller's headers
// without those that are not theirs to send, the configured ones, the token.
func (e *Engine) build(ctx context.Context, credential *broker.Credential, o *outgoing) (*http.Request, error) {
	target := credential.Target
	location, err := o.location(target)
	if err != nil {
		return nil, err
	}
	header, err := forwardable(o.Header, o.Upgrade)
	if err != nil {
		return nil, err
	}
	request := (&http.Request{
		Method: o.Method, URL: location, Header: header, Host: location.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	o.packed = !o.away && isSet(target.Compression) && asksPacked(request)
	if o.away {
		request.Header = harmless(header)
		o.attach(request, nil)
		return request, nil
	}
	label(header, target.MediaTypes, o)
	if looksIntoBodies(target, o) {
		readableEncoding(header)
	}
	token, err := e.open(credential)
	if err != nil {
		return nil, err
	}
	placed := placing{request: request, form: o.form(), token: token.Reveal(), connection: credential.Connection}
	if err := placed.all(target); err != nil {
		return nil, err
	}
	o.attach(request, placed.form)
	return request, e.prove(credential, request, token.Reveal())
}
