package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// service is a key service that may be away. What it seals it only marks.
type service struct{ away bool }

func (s *service) Encrypt(plain, _ []byte) ([]byte, error) {
	if s.away {
		return nil, errors.New("no route to host")
	}
	return append([]byte("sealed:"), plain...), nil
}

func (s *service) Decrypt(sealed, _ []byte) ([]byte, error) {
	if s.away {
		return nil, errors.New("no route to host")
	}
	return bytes.TrimPrefix(sealed, []byte("sealed:")), nil
}

// settings is a store of settings alone.
type settings struct {
	keyring.Store
	kept map[string]secret.Sealed
}

func (s settings) Setting(_ context.Context, name string) (secret.Sealed, error) {
	if value, ok := s.kept[name]; ok {
		return value, nil
	}
	return nil, ledger.ErrNotFound
}

func (s settings) CreateSetting(_ context.Context, name string, value secret.Sealed) error {
	s.kept[name] = value
	return nil
}

func TestK05_WhileTheKeyServiceIsAwayTheKeysInMemoryServeForTheirTimeOnly(t *testing.T) {
	const cache = 4 * time.Hour
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	remote := &service{}
	config := keyring.Config{
		Store:  settings{kept: map[string]secret.Sealed{}},
		Master: secret.RemoteMaster("kms://contoso/valetkey", remote),
		Cache:  cache,
		Now:    func() time.Time { return now },
	}
	holder, err := keyring.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	place := secret.Place{Table: "clients", Row: "app", Column: "secret"}
	sealed, err := holder.Seal(secret.NewText("s3cret"), place)
	if err != nil {
		t.Fatal(err)
	}
	opens := func() error {
		_, err := holder.Open(sealed, place)
		return err
	}
	remote.away = true
	now = now.Add(2 * cache)
	if err := opens(); err != nil {
		t.Fatalf("nobody knows yet that the service is away: %v", err)
	}
	now = now.Add(-cache - time.Minute)
	if err := holder.Probe(t.Context()); err == nil {
		t.Fatal("a service that is away answers")
	}
	if err := opens(); err != nil {
		t.Fatalf("within the time: %v", err)
	}
	now = now.Add(2 * time.Minute)
	if err := opens(); !fault.Is(err, api.CodeUnavailable) {
		t.Fatalf("after the time: %v", err)
	}
	if _, err := holder.Seal(secret.NewText("new"), place); !fault.Is(err, api.CodeUnavailable) {
		t.Fatalf("sealing after the time: %v", err)
	}
	if _, err := keyring.Open(t.Context(), config); err == nil {
		t.Fatal("a node starts without its master key")
	}
	remote.away = false
	if err := errors.Join(holder.Probe(t.Context()), opens()); err != nil {
		t.Fatalf("the service is back: %v", err)
	}
}
