package access

import (
	"context"
	"time"
)

// OperatorRecord is a person who may use the pages, as kept.
type OperatorRecord struct {
	Name                 string
	Password             string // argon2id, in the form of its PHC text
	CreatedAt, UpdatedAt time.Time
}

// Session is a browser that an operator signed in with.
type Session struct {
	Hash       [32]byte // SHA-256 of the cookie's 256 random bits
	Operator   string
	Address    string // where it was begun from, to recognise it by
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time // whatever its use
}

// Code is a one-time code that lets whoever shows it set an operator's password.
type Code struct {
	Hash      [32]byte // SHA-256 of 256 random bits
	ExpiresAt time.Time
}

// OperatorStore keeps the people who use the pages, and their sessions. What
// is not there is [ErrNotFound].
type OperatorStore interface {
	AccountStore
	SessionStore
}

// AccountStore keeps operators and the codes that make them.
type AccountStore interface {
	Operators(ctx context.Context) ([]OperatorRecord, error)
	// PutOperator inserts an operator or replaces the password and UpdatedAt, and ends
	// all of that operator's sessions, in one transaction.
	PutOperator(ctx context.Context, o OperatorRecord) error
	// PutCode makes this the one code there is.
	PutCode(ctx context.Context, code Code) error
	// RedeemCode is PutOperator, provided that the code is there and not expired at
	// o.UpdatedAt; it then is no more. Else ErrNotFound.
	RedeemCode(ctx context.Context, hash [32]byte, o OperatorRecord) error
}

// SessionStore keeps sessions.
type SessionStore interface {
	CreateSession(ctx context.Context, s Session) error
	Session(ctx context.Context, hash [32]byte) (Session, error)
	// TouchSession records that a session was used; one that is gone is no error.
	TouchSession(ctx context.Context, hash [32]byte, at time.Time) error
	// DeleteSession ends a session; one that is gone is no error.
	DeleteSession(ctx context.Context, hash [32]byte) error
	// DeleteSessionsOf ends all sessions of an operator.
	DeleteSessionsOf(ctx context.Context, operator string) error
	// DeleteSessions removes sessions that expired before the instant.
	DeleteSessions(ctx context.Context, before time.Time) error
}
