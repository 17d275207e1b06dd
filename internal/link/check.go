package link

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Limits of what a link says, in characters.
const (
	maxName    = 80
	maxMessage = 500
	maxAccount = 254 // RFC 5321 section 4.5.3.1.3
)

// namePattern is a connection's name; one that is made later must be good too.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// check refuses a spec that makes no sense and fills in what it leaves out.
func (l *Links) check(ctx context.Context, spec *api.ConnectLinkSpec) error {
	if spec.ExpiresIn == 0 {
		spec.ExpiresIn = api.Duration(defaultLife)
	}
	if err := checkLife(time.Duration(spec.ExpiresIn)); err != nil {
		return err
	}
	if err := checkKind(*spec); err != nil {
		return err
	}
	if err := l.checkConnection(ctx, spec); err != nil {
		return err
	}
	spec.ExpectedAccount = strings.TrimSpace(spec.ExpectedAccount)
	if utf8.RuneCountInString(spec.ExpectedAccount) > maxAccount || strings.ContainsFunc(spec.ExpectedAccount, unprintable) {
		return fault.New(api.CodeInvalid, "expected_account is not the name of an account").
			WithHint("write what the person signs in with, such as maria@contoso.com")
	}
	if err := checkBrand(spec.Brand); err != nil {
		return err
	}
	if err := l.checkReturn(spec.ReturnTo); err != nil {
		return err
	}
	return checkWebhook(spec.Webhook)
}

func checkLife(life time.Duration) error {
	if life < time.Minute || life > longestLife {
		return fault.New(api.CodeInvalid, "a link cannot be open for %s", life).
			WithHint("give expires_in from 1m to 90d")
	}
	return nil
}

// checkConnection wants a connection that a person can authorize, or what is
// needed to make it.
func (l *Links) checkConnection(ctx context.Context, spec *api.ConnectLinkSpec) error {
	if !namePattern.MatchString(spec.Connection) {
		return fault.New(api.CodeInvalid, "the link names no connection").
			WithHint("set connection; with create it is made when the link is used")
	}
	if spec.Create != nil {
		_, err := l.Broker.Client(ctx, spec.Create.Client)
		if fault.Is(err, api.CodeNotFound) {
			return fault.Wrap(err, api.CodeInvalid, "create names a client that is not there: %q", spec.Create.Client).
				WithHint("valetkey client list shows the clients there are")
		}
		if err == nil && spec.Kind == api.LinkAdminConsent {
			return l.checkConsent(ctx, spec, *spec.Create)
		}
		return err
	}
	connection, err := l.Broker.Connection(ctx, spec.Connection)
	if err != nil {
		return err
	}
	if spec.Kind == api.LinkAdminConsent {
		return l.checkConsent(ctx, spec, connection.ConnectionSpec)
	}
	if connection.Grant == "client_credentials" {
		return fault.New(api.CodeInvalid, "the connection %q uses client_credentials: nobody needs to authorize it", spec.Connection).
			WithHint("valetkey refresh %s obtains a token", spec.Connection)
	}
	return nil
}

func checkBrand(brand *api.ConnectLinkBrand) error {
	if brand == nil {
		return nil
	}
	if utf8.RuneCountInString(brand.Name) > maxName || strings.ContainsFunc(brand.Name, unprintable) {
		return fault.New(api.CodeInvalid, "brand.name is longer than %d characters, or not one line", maxName)
	}
	if utf8.RuneCountInString(brand.Message) > maxMessage {
		return fault.New(api.CodeInvalid, "brand.message is longer than %d characters", maxMessage)
	}
	if brand.Logo == "" {
		return nil
	}
	_, err := ReadLogo(brand.Logo)
	return err
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7f }

// checkReturn keeps a link from being an open redirector (faults A-16).
func (l *Links) checkReturn(to string) error {
	if to == "" {
		return nil
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fault.New(api.CodeInvalid, "return_to is not an http or https address")
	}
	own, _ := url.Parse(l.PublicURL)
	if at := origin(u); at != origin(own) && !slices.Contains(l.ReturnOrigins, at) {
		return fault.New(api.CodeInvalid, "return_to leads to %s, which is not allowed", at).
			WithHint("add %s to return_origins in the server's configuration file", at)
	}
	return nil
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

func checkWebhook(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" || u.Fragment != "" {
		return fault.New(api.CodeInvalid, "webhook is not an https address").
			WithHint("write it as https://hooks.contoso.com/valetkey; deliveries are signed, so it needs no password in it")
	}
	return nil
}
