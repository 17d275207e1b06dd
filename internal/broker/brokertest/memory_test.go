package brokertest_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
	"github.com/valetkey/valetkey/internal/ledger"
)

func TestMemoryKeepsTheContractOfStores(t *testing.T) {
	brokertest.Store(t, func(*testing.T) ledger.Store { return brokertest.NewMemory() })
}

func TestMemoryKeepsTheContractOfKeyStores(t *testing.T) {
	brokertest.Keys(t, func(*testing.T) access.KeyStore { return brokertest.NewMemory() })
}
