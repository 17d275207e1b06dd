package store_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
)

func TestOperatorsOnSQLite(t *testing.T) {
	brokertest.People(t, func(t *testing.T) access.OperatorStore { return openAt(t, newPath(t)) })
}
