package arrangement

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// tokenFile is what a connection's token file holds: a token response (RFC 6749
// section 5.1) with the instants that its lifetimes end at.
type tokenFile struct {
	AccessToken  string     `json:"access_token"`
	RefreshToken string     `json:"refresh_token,omitempty"`
	TokenType    string     `json:"token_type,omitempty"`
	Scope        string     `json:"scope,omitempty"`
	ExpiresIn    int64      `json:"expires_in,omitempty"` // seconds from obtained_at
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
	ObtainedAt   time.Time  `json:"obtained_at"`
}

// KeepFile writes a saved token set into the connection's token file, if it
// keeps one. The tokens are safe without it: what goes wrong is an event.
func (d *Desk) KeepFile(ctx context.Context, a Arrangement, set ledger.TokenSet) {
	path := a.Connection.Spec.TokenFile
	if path == "" {
		return
	}
	text, err := d.fileOf(set)
	if err == nil {
		err = d.TokenFiles.Write(path, text)
	}
	if err == nil {
		return
	}
	shown := fault.As(err)
	d.Log.Error("a token file is not kept", slog.String("connection", set.Connection), slog.Any("error", err))
	d.Note(ctx, d.Event(set.Connection, ledger.EventFileFailed, map[string]string{"title": shown.Message, "remedy": shown.Hint}))
}

func (d *Desk) fileOf(set ledger.TokenSet) ([]byte, error) {
	access, refresh, err := d.OpenTokens(set)
	if err != nil {
		return nil, err
	}
	file := tokenFile{
		AccessToken:  access.Reveal(),
		RefreshToken: refresh.Reveal(),
		TokenType:    set.TokenType,
		Scope:        strings.Join(set.Scope, " "),
		ObtainedAt:   set.ObtainedAt.UTC(),
	}
	if !set.ExpiresAt.IsZero() {
		ends := set.ExpiresAt.UTC()
		file.ExpiresAt, file.ExpiresIn = &ends, int64(set.ExpiresAt.Sub(set.ObtainedAt)/time.Second)
	}
	text, err := json.MarshalIndent(file, "", "  ")
	return append(text, '\n'), err
}
