package call

import (
	"net/http"

	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/target"
)

// letKeep marks an answer whose API may say who keeps it. A cache that does
// keeps it by its address, in which the connection stands, and by who asked: one
// caller never gets what another was given (RFC 9111 section 4.1).
func letKeep(t *target.Target, header http.Header) {
	if !isSet(t.Caching) {
		return
	}
	header.Set(HeaderCaching, "kept")
	header.Add("Vary", "Authorization, X-Valetkey-Key, "+onbehalf.Header)
}
