package memory_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
	"github.com/valetkey/valetkey/internal/store/memory"
)

func TestMemoryKeepsTheContractOfOperatorStores(t *testing.T) {
	brokertest.People(t, func(*testing.T) access.OperatorStore { return memory.NewOperators() })
}
