package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/valetkey/valetkey/oauth"
)

const (
	defaultInterval = 5 * time.Second  // RFC 8628 §3.2
	defaultLifetime = 10 * time.Minute // for a server that leaves out the required expires_in
	minInterval     = time.Second
	maxLifetime     = 24 * time.Hour
	maxUserCode     = 64
	maxURI          = 2048
)

// Authorization is what the device authorization endpoint gave (RFC 8628
// §3.2). UserCode and the addresses are for showing; DeviceCode is a secret,
// and the value redacts itself wherever it is printed.
type Authorization struct {
	DeviceCode              string
	UserCode                string
	VerificationURI         string // to be shown as text
	VerificationURIComplete string // with the code inside; empty when the server has none
	ExpiresAt               time.Time
	Interval                time.Duration // between two polls, at least 5 s unless the server said less
}

// ReadAuthorization judges an answer of the device authorization endpoint; see
// Request.Judge, which callers with the request at hand use.
func ReadAuthorization(resp *http.Response, received time.Time, rules oauth.ResponseRules, opts ...oauth.Option) (Authorization, error) {
	r, err := oauth.ReadResponse(resp, received)
	if err != nil {
		return Authorization{}, again(err)
	}
	doc, err := parse(r.Body)
	failed := err != nil || r.Status < 200 || r.Status > 299
	if failed || doc.text("device_code") == "" {
		return Authorization{}, refusal(r, rules)
	}
	a := Authorization{
		DeviceCode:      doc.text("device_code"),
		UserCode:        doc.text("user_code"),
		VerificationURI: doc.text("verification_uri", "verification_url"),
		Interval:        defaultInterval,
		ExpiresAt:       received.Add(defaultLifetime),
	}
	if a.UserCode == "" || len(a.UserCode) > maxUserCode || strings.ContainsFunc(a.UserCode, notPrintable) {
		return Authorization{}, unusable(r, "the answer holds no user_code that can be shown")
	}
	if !showable(a.VerificationURI, opts) {
		return Authorization{}, unusable(r, "the answer holds no verification_uri that can be shown; it must be an https address")
	}
	if complete := doc.text("verification_uri_complete", "verification_url_complete"); showable(complete, opts) {
		a.VerificationURIComplete = complete
	}
	if d, ok := doc.seconds("interval"); ok {
		a.Interval = max(d, minInterval)
	}
	if d, ok := doc.seconds("expires_in"); ok {
		a.ExpiresAt = received.Add(d)
	}
	return a, nil
}

// refusal lets package oauth judge what is not an authorization: an error in
// the RFC's form or another, a redirect, a web page.
func refusal(r oauth.Response, rules oauth.ResponseRules) error {
	_, err := r.Token(rules)
	if err == nil {
		return unusable(r, "the answer is that of a token endpoint; set the device authorization endpoint")
	}
	var e *oauth.Error
	if errors.As(err, &e) && e.Code == oauth.CodeUnreadable {
		return unusable(r, "the answer holds no device_code; this may not be the device authorization endpoint")
	}
	return err
}

// again corrects what a broken answer calls for: nothing was lost with it, a
// new pair of codes can be asked for.
func again(err error) error {
	var e *oauth.Error
	if errors.As(err, &e) && e.Action == oauth.ActionUnknownOutcome {
		e.Action, e.Salvage = oauth.ActionRetry, nil
	}
	return err
}

func unusable(r oauth.Response, description string) *oauth.Error {
	return &oauth.Error{Code: oauth.CodeInvalidResponse, Description: description, Status: r.Status, Action: oauth.ActionConfigure, Grant: Grant}
}

func notPrintable(r rune) bool { return !unicode.IsPrint(r) }

// showable lets only web addresses through: people will open what is shown.
func showable(uri string, opts []oauth.Option) bool {
	return len(uri) <= maxURI && !strings.ContainsFunc(uri, notPrintable) && oauth.CheckEndpoint(uri, opts...) == nil
}

type document map[string]any

func parse(body []byte) (document, error) {
	var doc document
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	err := d.Decode(&doc)
	return doc, err
}

// text gives the first of the members that is text.
func (d document) text(names ...string) string {
	for _, name := range names {
		if s, ok := d[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// seconds reads a number above 0, which some servers write as text or with a
// fraction, up to a day.
func (d document) seconds(name string) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(fmt.Sprint(d[name])), 64)
	if err != nil || !(n > 0) {
		return 0, false
	}
	return time.Duration(min(n, maxLifetime.Seconds()) * float64(time.Second)), true
}

// String shows what is for showing.
func (a Authorization) String() string {
	return "device authorization: " + a.UserCode + " at " + a.VerificationURI + ", until " + a.ExpiresAt.UTC().Format(time.RFC3339)
}

// GoString is String: %#v must not show more.
func (a Authorization) GoString() string { return "device.Authorization{" + a.String() + "}" }

// Format redacts for every verb.
func (a Authorization) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue redacts in log/slog: a log is no place for a code that a person is
// about to approve.
func (a Authorization) LogValue() slog.Value {
	return slog.StringValue("device authorization at " + a.VerificationURI)
}

// MarshalJSON gives what is for showing, without the device code: an
// Authorization cannot be stored whole by accident.
func (a Authorization) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"user_code":                 a.UserCode,
		"verification_uri":          a.VerificationURI,
		"verification_uri_complete": a.VerificationURIComplete,
		"expires_at":                a.ExpiresAt.UTC().Format(time.RFC3339),
	})
}
