package intake

import (
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestP21_ACallerHasOnlySoManyRequestsUnderWay(t *testing.T) {
	var c Crowd
	for i := range MaxAtOnce + 1 {
		if err := c.Enter("a"); fault.Is(err, api.CodeRateLimited) != (i == MaxAtOnce) {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if err := c.Enter("b"); err != nil {
		t.Errorf("another caller has to wait: %v", err)
	}
	c.Leave("a")
	if err := c.Enter("a"); err != nil {
		t.Errorf("a place that is free is not given: %v", err)
	}
	for range MaxAtOnce {
		c.Leave("a")
	}
	c.Leave("b")
	if len(c.now) != 0 {
		t.Errorf("left behind: %v", c.now)
	}
}
