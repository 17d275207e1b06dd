package agent

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/tunnel"
)

const (
	tokenPrefix = "va_" // lets people and secret scanners recognise a token
	tokenBytes  = 32    // 256 bits, 43 characters of base64url
	shown       = len(tokenPrefix) + 6
)

func newToken(random io.Reader) (string, error) {
	raw := make([]byte, tokenBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("randomness for a token: %w", err)
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw), nil
}

func (c Config) withDefaults() Config {
	if c.Speaks == (tunnel.Protocol{}) {
		c.Speaks = tunnel.Spoken()
	}
	if c.Note == nil {
		c.Note = func(api.AuditEntry) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
