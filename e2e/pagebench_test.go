package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/store"
)

// maxPage is how large a page may be, in bytes.
const maxPage = 60 << 10

// pagesOfOperators are all pages that an operator opens, at their largest.
func pagesOfOperators() []string {
	return []string{
		"/overview", "/connections", "/connections?sort=refresh_expires", "/connections?sort=last_used", "/connections?state=needs_authorization",
		"/connections?q=c0077", "/connections?q=nothing", "/connections?tag=team%3Dbench", "/connections?provider=soak", "/connections?after=c0000200",
		"/connections/c0000077", "/connections/c0000077/edit", "/connections/c0000077/revoke", "/links", "/clients", "/clients/soak/edit",
		"/providers", "/providers?q=office", "/providers/microsoft", "/keys", "/agents", "/keyring", "/calendar", "/audit", "/account",
		"/new", "/new?q=office", "/new/provider/microsoft", "/new/provider/soak", "/new/describe?from=microsoft", "/new/connection/c0000077",
	}
}

// visitor is a browser that is signed in, and the server it is signed in to.
type visitor struct {
	http.Client
	url string
}

// visits fills a database with n connections, some of which need somebody and
// all of which end within half a year, and signs in.
func visits(t testing.TB, n int) *visitor {
	t.Helper()
	r := newScaleRig(t, "")
	r.fill(t, n, time.Now().Add(24*time.Hour), time.Now().Add(23*time.Hour))
	db := r.open(t)
	defer db.Close()
	err := db.Exclusive(t.Context(), func(tx store.Tx) error {
		for _, change := range []string{
			`UPDATE token_sets SET refresh_expires_at = obtained_at + (CAST(substr(connection, 2) AS INTEGER) % 180 + 1) * 86400000`,
			`UPDATE connections SET state = 'needs_authorization' WHERE CAST(substr(name, 2) AS INTEGER) % 50 = 0`,
		} {
			if _, err := tx.ExecContext(t.Context(), change); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := startServe(t, r.dir, "--sweep", "off")
	t.Cleanup(s.kill)
	link, err := url.Parse(strings.TrimSpace(mustRun(t, []string{"VALETKEY_DATA=" + r.dir}, "operator", "reset")))
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{url: s.url}
	if v.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	res, err := v.PostForm(s.url+"/first-run", url.Values{"code": {link.Query().Get("code")}, "name": {"maria"}, "password": {password}, "again": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Request.URL.Path != "/overview" {
		t.Fatalf("the first run led to %s", res.Request.URL)
	}
	return v
}

// opens requests a page: its size, and how long its answer took to come whole.
func (v *visitor) opens(t testing.TB, path string) (size int, took time.Duration) {
	t.Helper()
	began := time.Now()
	res, err := v.Get(v.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Request.URL.RequestURI() != path {
		t.Fatalf("%s: %s at %s %v", path, res.Status, res.Request.URL, err)
	}
	return len(body), time.Since(began)
}

func TestNoPageIsLargerThan60KB(t *testing.T) {
	v := visits(t, 1000)
	for _, path := range pagesOfOperators() {
		if size, _ := v.opens(t, path); size > maxPage {
			t.Errorf("%s is %d bytes", path, size)
		}
	}
}

// BenchmarkPages requests every page of an operator five times and prints the
// median of each. ./bench.sh pages runs it.
func BenchmarkPages(b *testing.B) {
	n := 100_000
	if text := os.Getenv("VALETKEY_BENCH_CONNECTIONS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	v := visits(b, n)
	for b.Loop() {
		fmt.Printf("| page | ms | kB |\n|---|---|---|\n")
		for _, path := range pagesOfOperators() {
			var times []time.Duration
			var size int
			for range 5 {
				var took time.Duration
				size, took = v.opens(b, path)
				times = append(times, took)
			}
			slices.Sort(times)
			fmt.Printf("| `%s` | %.1f | %.1f |\n", path, float64(times[2].Microseconds())/1000, float64(size)/1000)
		}
	}
}
