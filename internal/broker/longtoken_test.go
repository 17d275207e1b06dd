package broker_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestT15_ATokenOfSixteenKilobytesIsKeptRenewedAndHandedOut(t *testing.T) {
	h := newHarness(t)
	long := strings.Repeat("x", 16<<10)
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"%s%d","refresh_token":"%s%d","token_type":"Bearer","expires_in":3600}`, long, n, long, n)
	})
	h.authorize("mail")
	h.wantToken("mail", long+"1")
	h.clock.advance(2 * time.Hour)
	h.wantToken("mail", long+"2")
	h.Broker = h.open() // and out of the store
	h.wantToken("mail", long+"2")
	if sent := h.server.last().Get("refresh_token"); sent != long+"1" {
		t.Errorf("it was renewed with %d bytes", len(sent))
	}
}
