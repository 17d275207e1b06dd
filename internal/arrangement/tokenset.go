package arrangement

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

const (
	// TokenTimeout bounds a token request.
	TokenTimeout = quirk.Timeout
	// KeepGenerations is how many older token sets are kept, sealed.
	KeepGenerations = 3
)

// CurrentTokenSet is the connection's token set, or the zero one before the first.
func (d *Desk) CurrentTokenSet(ctx context.Context, connection string) (ledger.TokenSet, error) {
	set, err := d.Store.TokenSet(ctx, connection)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.TokenSet{Connection: connection}, nil
	}
	return set, err
}

// CheckTokenSet holds a connection's token_set to those of its provider. The
// error has [api.CodeInvalid].
func CheckTokenSet(connection string, spec api.ConnectionSpec, provider api.Provider) error {
	var sets map[string]string
	if provider.TokenResponse != nil {
		sets = provider.TokenResponse.TokenSets
	}
	if _, known := sets[spec.TokenSet]; known || spec.TokenSet == "" {
		return nil
	}
	f := fault.New(api.CodeInvalid, "the provider of connection %q gives no token set %q", connection, spec.TokenSet)
	if len(sets) == 0 {
		return f.WithHint("leave token_set out, or describe it in token_response.token_sets of the provider")
	}
	return f.WithHint("it gives %s; without token_set it is the first", strings.Join(slices.Sorted(maps.Keys(sets)), ", "))
}

// SealToken makes the token set that follows previous. What the answer leaves
// out is carried over: the refresh token and its expiry (RFC 6749 section 6),
// the scope (section 5.1).
func (d *Desk) SealToken(a Arrangement, token oauth.Token, previous ledger.TokenSet) (ledger.TokenSet, error) {
	name, generation := a.Connection.Name, previous.Generation+1
	set := ledger.TokenSet{
		Connection:       name,
		Generation:       generation,
		TokenType:        token.TokenType,
		Scope:            token.Scope,
		ObtainedAt:       token.Received,
		ExpiresAt:        token.ExpiresAt,
		RefreshExpiresAt: token.RefreshExpiresAt,
	}
	if !token.ScopeGiven {
		set.Scope = previous.Scope
		if len(previous.Scope) == 0 {
			set.Scope = a.Scopes()
		}
	}
	refresh := secret.NewText(token.RefreshToken)
	if refresh.IsZero() && len(previous.RefreshToken) > 0 {
		kept, err := d.Keyring.Open(previous.RefreshToken, ledger.TokenPlace(name, previous.Generation, "refresh_token"))
		if err != nil {
			return set, err
		}
		refresh = kept
		set.RefreshExpiresAt = previous.RefreshExpiresAt
	}
	access, err := d.keptAccess(token, previous)
	if err != nil {
		return set, err
	}
	if set.TokenType == "" && token.AccessToken == "" {
		set.TokenType = previous.TokenType
	}
	if set.AccessToken, err = d.Keyring.Seal(access, ledger.TokenPlace(name, generation, "access_token")); err != nil {
		return set, err
	}
	set.RefreshToken, err = d.Keyring.Seal(refresh, ledger.TokenPlace(name, generation, "refresh_token"))
	return set, err
}

// keptAccess is the access token of an answer, or the one before it where the
// provider's description says that an answer may leave it out. A refresh token
// that was brought along has none yet: it is due at once.
func (d *Desk) keptAccess(token oauth.Token, previous ledger.TokenSet) (secret.Text, error) {
	if token.AccessToken != "" {
		return secret.NewText(token.AccessToken), nil
	}
	if len(previous.AccessToken) == 0 {
		due := !token.ExpiresAt.IsZero() && !token.ExpiresAt.After(token.Received)
		if due && token.RefreshToken != "" {
			return secret.Text{}, nil
		}
		return secret.Text{}, fault.New(api.CodeUnreachable, "the provider's answer holds no access token").
			WithHint("look at token_response of the provider's description: keep belongs in refresh_response")
	}
	return d.Keyring.Open(previous.AccessToken, ledger.TokenPlace(previous.Connection, previous.Generation, "access_token"))
}

// TokenDetail is what an event says of a new token set.
func TokenDetail(token oauth.Token, set ledger.TokenSet) map[string]string {
	detail := map[string]string{
		"generation": strconv.FormatInt(set.Generation, 10),
		"scope":      strings.Join(set.Scope, " "),
		"rotated":    strconv.FormatBool(token.RefreshToken != ""),
	}
	if !set.ExpiresAt.IsZero() {
		detail["expires_at"] = set.ExpiresAt.UTC().Format(time.RFC3339)
	}
	warnings := make([]string, len(token.Warnings))
	for i, w := range token.Warnings {
		warnings[i] = string(w)
	}
	slices.Sort(warnings)
	if len(warnings) > 0 {
		detail["warnings"] = strings.Join(warnings, "; ")
	}
	return detail
}
