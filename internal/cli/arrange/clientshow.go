package arrange

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/console"
)

// showCredential says how a client authenticates, as far as it can be shown.
func showCredential(w io.Writer, c api.Client) {
	console.Field(w, "client secret", c.ClientSecret)
	if n := len(c.ClientSecrets); n > 0 {
		console.Field(w, "next secrets", strings.Join(c.ClientSecrets, " "))
	}
	if used := c.ClientSecretInUse; used != nil {
		console.Field(w, "in use", "secret "+strconv.Itoa(used.Position)+" of "+strconv.Itoa(1+len(c.ClientSecrets))+", since "+day(&used.Since))
	}
	console.Field(w, "secret ends", day(c.ClientSecretExpiresAt))
	console.Field(w, "private key", c.PrivateKey)
	console.Field(w, "private key path", c.PrivateKeyPath)
	console.Field(w, "certificate path", c.CertificatePath)
	console.Field(w, "certificate ends", day(c.CertificateExpiresAt))
	if from := c.ClientAssertion; from != nil {
		console.Field(w, "assertion from", from.FromFile+strings.Join(from.FromCommand, " "))
	}
	console.Field(w, "auth method", c.TokenEndpointAuthMethod)
	if found := c.FoundAuthMethod; found != nil && c.TokenEndpointAuthMethod == "" {
		console.Field(w, "auth method", found.Method+" (found on "+day(&found.FoundAt)+")")
	}
}

func day(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}
