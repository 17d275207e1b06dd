package memory_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/memory"
)

func TestMemoryKeepsTheContractOfStores(t *testing.T) {
	brokertest.Store(t, func(*testing.T) ledger.Store { return memory.New() })
}

func TestMemoryKeepsTheContractOfKeyStores(t *testing.T) {
	brokertest.Keys(t, func(*testing.T) access.KeyStore { return memory.New() })
}
