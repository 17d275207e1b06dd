package brokertest_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
)

func TestMemoryKeepsTheContractOfOperatorStores(t *testing.T) {
	brokertest.People(t, func(*testing.T) access.OperatorStore { return brokertest.NewOperators() })
}
