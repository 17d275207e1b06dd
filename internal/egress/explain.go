package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/egress/h1"
	"github.com/valetkey/valetkey/internal/fault"
)

// explain turns a transport's error into a fault that says in plain words what
// is wrong with the host. The text of err itself stays hidden: it may quote
// what the peer sent.
func explain(err error, host string) error {
	if found := (*fault.Error)(nil); errors.As(err, &found) {
		return found // the guard's verdict
	}
	for _, judge := range []func(error) (string, string){cancelled, resolving, certificate, handshake, connecting, answering} {
		if what, hint := judge(err); what != "" {
			return &fault.Error{Code: api.CodeUnreachable, Message: host + ": " + what, Hint: hint, Cause: err}
		}
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s: cannot be reached", host)
}

func cancelled(err error) (what, hint string) {
	if errors.Is(err, context.Canceled) {
		return "the request was given up before the answer came", ""
	}
	return "", ""
}

func resolving(err error) (what, hint string) {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return "", ""
	case dns.IsNotFound:
		return "no such host", "check the host name in the provider's endpoints or the connection's base_url"
	case dns.IsTimeout:
		return "the name server did not answer in time", ""
	}
	return "the name cannot be resolved", "check the name servers of the machine that Valetkey runs on"
}

func certificate(err error) (what, hint string) {
	if name := new(x509.HostnameError); errors.As(err, name) {
		return "the certificate is for " + certificateNames(name.Certificate) + ", not for this host", ""
	}
	if invalid := new(x509.CertificateInvalidError); errors.As(err, invalid) {
		return invalidCertificate(invalid)
	}
	if authority := new(x509.UnknownAuthorityError); errors.As(err, authority) {
		return "the certificate is signed by an authority that this machine does not trust" + issuer(authority.Cert),
			"add the authority's certificate to the machine's trust store, or name a file with it in SSL_CERT_FILE; of an API it may stand in api.tls.ca of the connection"
	}
	if failed := new(*tls.CertificateVerificationError); errors.As(err, failed) {
		return "the certificate cannot be verified", ""
	}
	return "", ""
}

func invalidCertificate(invalid *x509.CertificateInvalidError) (what, hint string) {
	cert := invalid.Cert
	if invalid.Reason != x509.Expired || cert == nil {
		return "the certificate is not valid for a server", ""
	}
	if now := time.Now(); now.Before(cert.NotBefore) {
		return "the certificate is valid only from " + cert.NotBefore.UTC().Format(time.RFC3339), "check this machine's clock"
	}
	return "the certificate expired at " + cert.NotAfter.UTC().Format(time.RFC3339), "the host's operator must renew it; if that is done, check this machine's clock"
}

// certificateNames lists the first names of a certificate.
func certificateNames(cert *x509.Certificate) string {
	const most = 4
	var names []string
	if cert != nil {
		names = append(names, cert.DNSNames...)
		for _, ip := range cert.IPAddresses {
			names = append(names, ip.String())
		}
	}
	switch {
	case len(names) == 0:
		return "no host at all"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

func issuer(cert *x509.Certificate) string {
	if cert == nil || cert.Issuer.String() == "" {
		return ""
	}
	return " (" + cert.Issuer.String() + ")"
}

func handshake(err error) (what, hint string) {
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return "does not speak TLS on this port", "write http:// if the system has no TLS, or the port that has it"
	case errors.As(err, &alert):
		return "refused the TLS handshake: " + strings.TrimPrefix(alert.Error(), "tls: "), ""
	case strings.Contains(err.Error(), "TLS handshake timeout"):
		return "the TLS handshake did not end in time", ""
	case strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return "does not speak TLS on this port", "write http:// if the system has no TLS, or the port that has it"
	case strings.HasPrefix(err.Error(), "tls: ") || strings.HasPrefix(err.Error(), "remote error: tls"):
		return "the TLS handshake failed", ""
	}
	return "", ""
}

func connecting(err error) (what, hint string) {
	var op *net.OpError
	errors.As(err, &op)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused the connection", "check that the system runs and listens on this port"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to it", ""
	case op != nil && op.Op == "proxyconnect":
		return "the HTTP proxy cannot be reached", ""
	case op != nil && op.Op == "dial" && op.Timeout():
		return "did not accept the connection in time", "check the address and any firewall between"
	}
	return "", ""
}

func answering(err error) (what, hint string) {
	text := err.Error()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "did not answer in time", ""
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "broke the connection off", ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "server closed idle connection"):
		return "closed the connection before it answered", ""
	case errors.Is(err, h1.ErrHeaderTooLarge), strings.Contains(text, "server response headers exceeded"):
		return "sent an answer whose header is larger than 256 KiB", ""
	case errors.Is(err, h1.ErrMalformed), strings.Contains(text, "malformed"):
		return "sent something that is not HTTP", ""
	}
	return "", ""
}
