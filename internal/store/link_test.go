package store_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/link/linktest"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

var _ link.Store = (*store.DB)(nil)

func TestLinksOnSQLite(t *testing.T) {
	linktest.Store(t, func(t *testing.T) link.Store { return openAt(t, newPath(t)) })
}

func TestLinksOnPostgreSQL(t *testing.T) {
	server := pgtest.Start(t)
	linktest.Store(t, func(t *testing.T) link.Store { return openURL(t, server.URL(t)) })
}
