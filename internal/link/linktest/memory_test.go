package linktest_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/link/linktest"
)

func TestMemoryKeepsTheContractOfLinkStores(t *testing.T) {
	linktest.Store(t, func(*testing.T) link.Store { return linktest.NewMemory() })
}
