package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// How long each measurement takes, and how often it is taken: the parties take
// turns, and the median counts.
const (
	benchTime   = "VALETKEY_BENCH_TIME"
	benchRounds = "VALETKEY_BENCH_ROUNDS"
)

// party is one way to the upstream.
type party struct {
	name, address, authorization string
	pid                          int
}

// BenchmarkProxy compares, in one run, calls straight to the upstream with
// calls through nginx, the standard library's proxy, and Valetkey, and writes
// the tables of docs/performance.md. Started by ./bench.sh proxy.
func BenchmarkProxy(b *testing.B) {
	each, err := time.ParseDuration(cmp.Or(os.Getenv(benchTime), "100ms"))
	if err != nil {
		b.Fatal(err)
	}
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv(benchRounds), "1"))
	if err != nil {
		b.Fatal(err)
	}
	pair := makePair(b)
	var text strings.Builder
	for _, secured := range []bool{false, true} {
		parties := benchParties(b, secured, pair)
		fmt.Fprintf(&text, "\nTLS to the upstream: %v; requests/s (ratio to ReverseProxy), CPU of the proxy per request\n", secured)
		for _, size := range []int{200, 10240} {
			for _, connections := range []int{1, 16, 64, 256} {
				throughput(b, &text, parties, measure{size, connections, each, rounds})
			}
		}
		fmt.Fprintf(&text, "\nTLS to the upstream: %v; 200 B at a steady rate, added to a direct call: p50, p99 in µs\n", secured)
		for _, rate := range []int{500, 1000, 2000} {
			added(b, &text, parties, measure{200, rate, max(each, 5*time.Millisecond), rounds})
		}
	}
	fmt.Print(text.String())
}

// benchParties starts everything.
func benchParties(b *testing.B, secured bool, pair string) []party {
	env := []string{benchRole + "=upstream"}
	if secured {
		env = append(env, benchPair+"="+pair)
	}
	direct := startRole(b, env...)
	direct.authorization = benchToken
	trust := benchRoots + "=" + pair
	parties := []party{
		direct, startNginx(b, direct.address),
		startRole(b, benchRole+"=proxy", benchUpstream+"="+direct.address, trust),
		startValetkey(b, direct.address, trust),
	}
	for i, name := range []string{"direct", "nginx", "ReverseProxy", "Valetkey"} {
		parties[i].name = name
	}
	return slices.DeleteFunc(parties, func(p party) bool { return p.address == "" })
}

// measure is what one row of a table says.
type measure struct {
	size   int // bytes of an answer
	count  int // connections, or requests a second
	each   time.Duration
	rounds int
}

// throughput writes a row of requests a second.
func throughput(b *testing.B, text *strings.Builder, parties []party, m measure) {
	rates, costs := make(map[string][]float64), make(map[string][]float64)
	for range m.rounds {
		for _, p := range parties {
			before := cpu(p.pid)
			took, elapsed := load(b, p, m, 0)
			n := len(took)
			rates[p.name] = append(rates[p.name], float64(n)/elapsed.Seconds())
			costs[p.name] = append(costs[p.name], float64((cpu(p.pid)-before).Microseconds())/float64(max(n, 1)))
		}
	}
	base := median(rates["ReverseProxy"])
	fmt.Fprintf(text, "| %d B | %d |", m.size, m.count)
	for _, p := range parties {
		rate := median(rates[p.name])
		fmt.Fprintf(text, " %.0f (%.2f) %.0f µs |", rate, rate/base, median(costs[p.name]))
	}
	text.WriteByte('\n')
}

// added writes a row of what each party adds to the time of a call, when calls
// come at a steady rate whether or not the last one has been answered.
func added(b *testing.B, text *strings.Builder, parties []party, m measure) {
	const senders = 64
	middle, tail := make(map[string][]float64), make(map[string][]float64)
	pace := m
	pace.count = senders
	for range m.rounds {
		for _, p := range parties {
			took, _ := load(b, p, pace, time.Second/time.Duration(m.count))
			slices.Sort(took)
			middle[p.name] = append(middle[p.name], float64(took[len(took)/2].Microseconds()))
			tail[p.name] = append(tail[p.name], float64(took[len(took)*99/100].Microseconds()))
		}
	}
	fmt.Fprintf(text, "| %d/s |", m.count)
	for _, p := range parties {
		p50, p99 := median(middle[p.name]), median(tail[p.name])
		if p.name != "direct" {
			p50, p99 = p50-median(middle["direct"]), p99-median(tail["direct"])
		}
		fmt.Fprintf(text, " %.0f, %.0f |", p50, p99)
	}
	text.WriteByte('\n')
}

// load sends requests over so many connections until the time is over, as
// little work as a client can do, and gives what each took. Between two
// requests of all lies the interval, unless no connection is free.
func load(b *testing.B, p party, m measure, interval time.Duration) (took []time.Duration, elapsed time.Duration) {
	target, err := url.Parse(p.address + "/" + strconv.Itoa(m.size))
	if err != nil {
		b.Fatal(err)
	}
	request := []byte("GET " + target.Path + " HTTP/1.1\r\nHost: " + target.Host + "\r\nAuthorization: Bearer " + p.authorization + "\r\n\r\n")
	perConnection := make([][]time.Duration, m.count)
	var warm, workers sync.WaitGroup
	warm.Add(m.count)
	var begun time.Time
	start := make(chan struct{})
	for i := range m.count {
		workers.Go(func() {
			conn, err := connect(target)
			if err != nil {
				b.Error(err)
				warm.Done()
				return
			}
			defer conn.Close()
			reader := bufio.NewReaderSize(conn, 16<<10)
			exchange := func() {
				if _, err = conn.Write(request); err == nil {
					err = skipAnswer(reader)
				}
				if err != nil {
					b.Errorf("%s: %v", p.name, err)
				}
			}
			exchange()
			warm.Done()
			<-start
			for n := i; err == nil && (n == i || time.Since(begun) < m.each); n += m.count {
				sent := due(begun.Add(time.Duration(n)*interval), interval)
				exchange()
				perConnection[i] = append(perConnection[i], time.Since(sent))
			}
		})
	}
	warm.Wait()
	begun = time.Now()
	close(start)
	workers.Wait()
	return slices.Concat(perConnection...), time.Since(begun)
}

func connect(target *url.URL) (net.Conn, error) {
	if target.Scheme == "https" {
		return tls.Dial("tcp", target.Host, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the load measures
	}
	return net.Dial("tcp", target.Host)
}

// due waits for a moment, if there is an interval at all, and returns when a
// request is sent. When the moment is over already, the wait for it counts as
// part of the call.
func due(moment time.Time, interval time.Duration) time.Time {
	now := time.Now()
	if wait := moment.Sub(now); interval > 0 && wait > 0 {
		time.Sleep(wait)
		return time.Now()
	}
	if interval > 0 {
		return moment
	}
	return now
}

// skipAnswer reads a 200 with a Content-Length to its end.
func skipAnswer(reader *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("answered %q", line)
		}
		if len(line) <= 2 {
			_, err = reader.Discard(length)
			return err
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}

// cpu is the processor time of a process and its children; 0 where there is no /proc.
func cpu(pid int) time.Duration {
	const tick = 10 * time.Millisecond
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var ticks int
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it ended
		}
		end := bytes.LastIndexByte(stat, ')') // the name before it may hold anything
		fields := strings.Fields(string(stat[end+1:]))
		if own := filepath.Base(filepath.Dir(file)) == strconv.Itoa(pid); len(fields) > 12 && (own || fields[1] == strconv.Itoa(pid)) {
			user, _ := strconv.Atoi(fields[11])
			system, _ := strconv.Atoi(fields[12])
			ticks += user + system
		}
	}
	return time.Duration(ticks) * tick
}
