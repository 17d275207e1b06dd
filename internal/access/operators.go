package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	// CodeLifetime is how long a one-time code is good for.
	CodeLifetime = time.Hour
	// SessionIdle ends a session that is not used for this long.
	SessionIdle = 12 * time.Hour
	// SessionLifetime ends a session however much it is used.
	SessionLifetime = 7 * 24 * time.Hour
	// touchEvery is how often the use of a session is written.
	touchEvery = time.Minute
	// hashing is how many passwords are checked at a time: each takes memory.
	hashing = 2
)

// OperatorsConfig is what Operators are made of. Store is required.
type OperatorsConfig struct {
	Store OperatorStore
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
}

// Operators are the people who use the pages: how they get in, stay in and
// leave. It is safe for concurrent use.
type Operators struct {
	store   OperatorStore
	now     func() time.Time
	random  io.Reader
	lockout lockout
	turn    chan struct{} // held while a password is hashed
}

// NewOperators returns the operators of a store.
func NewOperators(config OperatorsConfig) *Operators {
	o := &Operators{store: config.Store, now: config.Now, random: config.Rand, turn: make(chan struct{}, hashing)}
	if o.now == nil {
		o.now = time.Now
	}
	if o.random == nil {
		o.random = rand.Reader
	}
	return o
}

// Any reports whether there is an operator with a password.
func (o *Operators) Any(ctx context.Context) (bool, error) {
	found, err := o.store.Operators(ctx)
	return len(found) > 0, err
}

// NewCode makes a one-time code that lets whoever shows it set an operator's
// password; a code made before is good no longer.
func (o *Operators) NewCode(ctx context.Context) (code string, expires time.Time, err error) {
	text, hash, err := o.token()
	if err != nil {
		return "", time.Time{}, err
	}
	expires = o.now().UTC().Add(CodeLifetime)
	return text, expires, o.store.PutCode(ctx, Code{Hash: hash, ExpiresAt: expires})
}

// Redeem takes a one-time code and sets the password of the named operator,
// whose sessions end. The error is an [api.CodeInvalid] for a name or password
// that will not do, and an [api.CodeForbidden] for a code that is not good.
func (o *Operators) Redeem(ctx context.Context, code, name, password string) error {
	record, err := o.record(ctx, name, password)
	if err != nil {
		return err
	}
	err = o.store.RedeemCode(ctx, sha256.Sum256([]byte(code)), record)
	if errors.Is(err, ErrNotFound) {
		return fault.Wrap(err, api.CodeForbidden, "this link was used before, or it is too old").
			WithHint("make a new one where the server runs: valetkey operator reset")
	}
	return err
}

// SignIn checks a password and begins a session; token is for the browser's
// cookie. After a few failures the address and the account must wait, which is
// an [api.CodeRateLimited]; a wrong name or password is an
// [api.CodeUnauthenticated] that does not say which.
func (o *Operators) SignIn(ctx context.Context, name, password, address string) (token string, s Session, err error) {
	account, origin := "account "+strings.ToLower(name), "address "+address
	if wait := o.lockout.wait(o.now(), account, origin); wait > 0 {
		return "", Session{}, tooMany(wait)
	}
	good, err := o.matches(ctx, name, password)
	if err != nil {
		return "", Session{}, err
	}
	if !good {
		o.lockout.failed(o.now(), account, accountWait)
		o.lockout.failed(o.now(), origin, longestWait)
		return "", Session{}, fault.New(api.CodeUnauthenticated, "the name or the password is not right").
			WithHint("a lost password is set anew where the server runs: valetkey operator reset")
	}
	o.lockout.passed(account, origin)
	return o.Begin(ctx, name, address)
}

// Begin begins a session for an operator who is known to be the one: by
// password, or by an OpenID provider.
func (o *Operators) Begin(ctx context.Context, operator, address string) (token string, s Session, err error) {
	token, hash, err := o.token()
	if err != nil {
		return "", s, err
	}
	now := o.now().UTC()
	s = Session{Hash: hash, Operator: operator, Address: address, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(SessionLifetime)}
	return token, s, o.store.CreateSession(ctx, s)
}

// Check says whose session a cookie is, and what that operator may do. The
// error is an [api.CodeUnauthenticated] when it is nobody's.
func (o *Operators) Check(ctx context.Context, token string) (Session, Principal, error) {
	over := fault.New(api.CodeUnauthenticated, "you are not signed in, or your session has ended")
	if token == "" {
		return Session{}, Principal{}, over
	}
	s, err := o.store.Session(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, ErrNotFound) {
		return s, Principal{}, over
	}
	if err != nil {
		return s, Principal{}, err
	}
	now := o.now()
	if !now.Before(s.ExpiresAt) || now.Sub(s.LastUsedAt) >= SessionIdle {
		return Session{}, Principal{}, errors.Join(over, o.store.DeleteSession(ctx, s.Hash))
	}
	if now.Sub(s.LastUsedAt) >= touchEvery {
		if err := o.store.TouchSession(ctx, s.Hash, now.UTC()); err != nil {
			return s, Principal{}, err
		}
	}
	return s, Principal{Name: s.Operator, Role: api.RoleOperator}, nil
}

// SignOut ends one session.
func (o *Operators) SignOut(ctx context.Context, s Session) error {
	return o.store.DeleteSession(ctx, s.Hash)
}

// SignOutEverywhere ends every session of an operator.
func (o *Operators) SignOutEverywhere(ctx context.Context, operator string) error {
	return o.store.DeleteSessionsOf(ctx, operator)
}

// ChangePassword sets a new password for whoever knows the old one. Every
// session of the operator ends.
func (o *Operators) ChangePassword(ctx context.Context, operator, old, password string) error {
	subject := "change " + operator
	if wait := o.lockout.wait(o.now(), subject); wait > 0 {
		return tooMany(wait)
	}
	good, err := o.matches(ctx, operator, old)
	if err != nil {
		return err
	}
	if !good {
		o.lockout.failed(o.now(), subject, longestWait)
		return fault.New(api.CodeForbidden, "the present password is not right")
	}
	o.lockout.passed(subject)
	record, err := o.record(ctx, operator, password)
	if err != nil {
		return err
	}
	return o.store.PutOperator(ctx, record)
}

// Tidy removes sessions that are over.
func (o *Operators) Tidy(ctx context.Context) error {
	return o.store.DeleteSessions(ctx, o.now())
}

func tooMany(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return fault.New(api.CodeRateLimited, "too many wrong passwords").
		WithHint("wait %d seconds, then try again", seconds)
}

// record is an operator with a new password.
func (o *Operators) record(ctx context.Context, name, password string) (OperatorRecord, error) {
	if !keyName.MatchString(name) {
		return OperatorRecord{}, fault.New(api.CodeInvalid, "%q is not a name for an operator", clip(name)).
			WithHint("use 1 to 63 characters of a-z 0-9 . _ - and begin with a letter or digit")
	}
	if err := checkPassword(name, password); err != nil {
		return OperatorRecord{}, err
	}
	if err := o.enter(ctx); err != nil {
		return OperatorRecord{}, err
	}
	defer o.leave()
	kept, err := hashPassword(o.random, password)
	now := o.now().UTC()
	return OperatorRecord{Name: name, Password: kept, CreatedAt: now, UpdatedAt: now}, err
}

// matches compares a password with the operator's. An unknown name costs as
// much time as a known one.
func (o *Operators) matches(ctx context.Context, name, password string) (bool, error) {
	found, err := o.store.Operators(ctx)
	if err != nil {
		return false, err
	}
	if err := o.enter(ctx); err != nil {
		return false, err
	}
	defer o.leave()
	for _, operator := range found {
		if operator.Name == name {
			return samePassword(operator.Password, password), nil
		}
	}
	_, err = hashPassword(o.random, clip(password))
	return false, err
}

func (o *Operators) enter(ctx context.Context) error {
	select {
	case o.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *Operators) leave() { <-o.turn }

// token makes 256 random bits as text, with their hash.
func (o *Operators) token() (string, [32]byte, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(o.random, raw); err != nil {
		return "", [32]byte{}, fmt.Errorf("randomness for a session: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(raw)
	return text, sha256.Sum256([]byte(text)), nil
}
