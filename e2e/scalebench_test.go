package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/custody"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// BenchmarkScale fills a database with connections, each with a sealed token
// of 1.6 kB, and measures the built server on it. ./bench.sh scale runs it.
func BenchmarkScale(b *testing.B) {
	n := 100_000
	if text := os.Getenv("VALETKEY_BENCH_CONNECTIONS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("sqlite", func(b *testing.B) { scale(b, n, "") })
	b.Run("postgresql", func(b *testing.B) { scale(b, n, pgtest.Start(b).URL(b)) })
}

// scaleRig is a data directory with a provider, a client and a key, and room
// for rows.
type scaleRig struct {
	dir, database, key string
	provider           *soakProvider
}

func (r scaleRig) flags(more ...string) []string {
	if r.database != "" {
		more = append(more, "--database", r.database)
	}
	return more
}

func newScaleRig(b testing.TB, database string) scaleRig {
	b.Helper()
	r := scaleRig{dir: b.TempDir(), database: database, provider: newSoakProvider(b, 3600, false)}
	first := startServe(b, r.dir, r.flags()...)
	env := []string{"VALETKEY_DATA=" + r.dir}
	r.provider.describe(b, env, "")
	r.key = callersKey(b, env)
	first.stop(b)
	return r
}

func scale(b *testing.B, n int, database string) {
	r := newScaleRig(b, database)
	began := time.Now()
	r.fill(b, n, time.Now().Add(24*time.Hour), time.Now().Add(23*time.Hour))
	filled := time.Since(began)
	size := r.size(b)
	for b.Loop() {
		s := startServe(b, r.dir, r.flags("--sweep", "off")...)
		b.ReportMetric(float64(s.readyIn.Milliseconds()), "start-ms")
		b.ReportMetric(s.residentMiB(b), "start-MiB")
		c := sdk(b, s.url, r.key)
		cold := r.read(b, c, n, 3000)
		b.ReportMetric(float64(cold.at(50).Microseconds()), "cold-p50-µs")
		b.ReportMetric(float64(cold.at(99).Microseconds()), "cold-p99-µs")
		b.ReportMetric(r.storm(b, s.url, n, 20_000), "cold-64-reads/s")
		warm := r.read(b, c, 100, 5000)
		b.ReportMetric(float64(warm.at(50).Microseconds()), "warm-p50-µs")
		b.ReportMetric(float64(warm.at(99).Microseconds()), "warm-p99-µs")
		b.ReportMetric(r.storm(b, s.url, 100, 200_000), "warm-64-reads/s")
		for name, query := range map[string]string{"list": "limit=50", "search": "limit=50&search=c0077", "search-none": "limit=50&search=nothing", "state": "limit=50&state=active"} {
			b.ReportMetric(float64(pageTime(b, s.url, r.key, query).Microseconds())/1000, name+"-ms")
		}
		b.ReportMetric(s.residentMiB(b), "end-MiB")
		s.kill()
	}
	b.ReportMetric(float64(size)/float64(n), "disk-B/conn")
	b.ReportMetric(filled.Seconds(), "fill-s")
}

// size is what the database takes on disk, in bytes.
func (r scaleRig) size(b *testing.B) (total int64) {
	b.Helper()
	if r.database != "" {
		db := r.open(b)
		defer db.Close()
		err := db.Snapshot(b.Context(), func(tx store.Tx) error {
			return tx.QueryRowContext(b.Context(), `SELECT pg_database_size(current_database())`).Scan(&total)
		})
		if err != nil {
			b.Fatal(err)
		}
		return total
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "valetkey.db*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			total += info.Size()
		}
	}
	return total
}

func (r scaleRig) open(b testing.TB) *store.DB {
	b.Helper()
	db, err := store.Open(b.Context(), store.Config{Path: filepath.Join(r.dir, "valetkey.db"), URL: r.database, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// fill writes connections c0000000 and on, with one token set each.
func (r scaleRig) fill(b testing.TB, n int, expires, due time.Time) {
	b.Helper()
	db := r.open(b)
	defer db.Close()
	file, err := secret.OpenKeyring(filepath.Join(r.dir, "keyring.json"))
	if err != nil {
		b.Fatal(err)
	}
	desk := custody.Desk{DB: db}
	ring, err := keyring.Open(b.Context(), keyring.Config{Store: desk, Master: secret.FileMaster(file), Legacy: file, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	filler := strings.Repeat("t", 1600)
	for from := 0; from < n; from += 20_000 {
		err := db.Exclusive(b.Context(), func(tx store.Tx) error {
			for i := from; i < min(n, from+20_000); i++ {
				if err := r.row(b.Context(), tx, ring, i, rowOf{filler, expires, due}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

type rowOf struct {
	filler       string
	expires, due time.Time
}

func (r scaleRig) row(ctx context.Context, tx store.Tx, ring *keyring.Holder, i int, of rowOf) error {
	name := fmt.Sprintf("c%07d", i)
	now := time.Now().UnixMilli()
	access, err := ring.Seal(secret.NewText("at-"+name+of.filler), ledger.TokenPlace(name, 1, "access_token"))
	if err != nil {
		return err
	}
	refresh, err := ring.Seal(secret.NewText(r.provider.grant(name)), ledger.TokenPlace(name, 1, "refresh_token"))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO connections (name, client, state, generation, account, last_used_at, last_refreshed_at, created_at, updated_at, spec, due_at, authorized_at)
		VALUES ($1, 'soak', 'active', 1, '', $2, $2, $2, $2, '{"client":"soak","tags":{"team":"bench"}}', $3, $2)`,
		name, now, of.due.UnixMilli()); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO token_sets (connection, generation, token_type, obtained_at, expires_at, refresh_expires_at, scope, refresh_token, access_token)
		VALUES ($1, 1, 'Bearer', $2, $3, 0, NULL, $4, $5)`,
		name, now, of.expires.UnixMilli(), []byte(refresh), []byte(access))
	return err
}

// latencies are those of many requests, the shortest first.
type latencies struct{ all []time.Duration }

func (l latencies) at(percent int) time.Duration { return l.all[len(l.all)*percent/100] }

// read asks for tokens of random connections among the first n, one by one.
func (r scaleRig) read(b *testing.B, c *client.Client, n, requests int) (l latencies) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for range requests {
		name := fmt.Sprintf("c%07d", random.IntN(n))
		at := time.Now()
		if _, err := c.Token(b.Context(), name, 0); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		l.all = append(l.all, time.Since(at))
	}
	slices.Sort(l.all)
	return l
}

// storm has 64 callers ask at once, with as little work as callers can do, for
// they are on the same cores: how many tokens a second.
func (r scaleRig) storm(b *testing.B, address string, n, requests int) float64 {
	b.Helper()
	target, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	var left atomic.Int64
	left.Store(int64(requests))
	began := time.Now()
	var all sync.WaitGroup
	for seed := range 64 {
		all.Go(func() {
			conn, err := connect(target)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			random, reader := rand.New(rand.NewPCG(uint64(seed), uint64(n))), bufio.NewReaderSize(conn, 16<<10)
			head := []byte("GET /v1/connections/c0000000/token HTTP/1.1\r\nHost: " + target.Host + "\r\nAuthorization: Bearer " + r.key + "\r\n\r\n")
			digits := head[bytes.Index(head, []byte("c0000000"))+1:][:7]
			for left.Add(-1) >= 0 {
				number := random.IntN(n)
				for i := len(digits) - 1; i >= 0; i-- {
					digits[i], number = byte('0'+number%10), number/10
				}
				if _, err = conn.Write(head); err == nil {
					err = skipAnswer(reader)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return float64(requests) / time.Since(began).Seconds()
}

// pageTime is the median of five requests for a page of a list.
func pageTime(b *testing.B, url, key, query string) time.Duration {
	b.Helper()
	var times []time.Duration
	for range 5 {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/v1/connections?"+query, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		began := time.Now()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			b.Fatalf("%s: %s", query, res.Status)
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return times[2]
}

// BenchmarkSweep lets many tokens expire within a minute and measures how long
// the sweeper takes to renew them all, and that none is renewed twice.
func BenchmarkSweep(b *testing.B) {
	n := 100_000
	if text := os.Getenv("VALETKEY_BENCH_CONNECTIONS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	for b.Loop() {
		r := newScaleRig(b, "")
		r.fill(b, n, time.Now().Add(time.Minute), time.Now())
		s := startServe(b, r.dir, "--sweep", "64,0")
		began := time.Now()
		var peak float64
		for r.provider.renewed() < n {
			if time.Since(began) > 20*time.Minute {
				b.Fatalf("%d of %d renewed after 20 minutes", r.provider.renewed(), n)
			}
			<-time.After(200 * time.Millisecond)
			peak = max(peak, s.residentMiB(b))
		}
		b.ReportMetric(time.Since(began).Seconds(), "clear-s")
		b.ReportMetric(float64(n)/time.Since(began).Seconds(), "renewals/s")
		b.ReportMetric(peak, "peak-MiB")
		<-time.After(3 * time.Second) // a second renewal would come now
		_, reused, refused := r.provider.tally("")
		b.ReportMetric(float64(reused+refused+r.provider.renewed()-n), "duplicates")
		s.kill()
	}
}
