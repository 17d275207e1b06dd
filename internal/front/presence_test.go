package front

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestP15_ARequestEndsWhenItsCallerLeaves(t *testing.T) {
	for name, leave := range map[string]func(*net.TCPConn) error{
		"closing":     func(c *net.TCPConn) error { return c.Close() },
		"closing one": func(c *net.TCPConn) error { return c.CloseWrite() },
		"breaking off": func(c *net.TCPConn) error {
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			begun, ended := make(chan bool), make(chan bool)
			address, _ := network(t, func(_ http.ResponseWriter, r *http.Request) {
				begun <- true
				<-r.Context().Done()
				close(ended)
			})
			conn, _ := line(t, address, plain)
			<-begun
			if err := leave(conn.(*net.TCPConn)); err != nil {
				t.Fatal(err)
			}
			<-ended
		})
	}
}

func TestP15_TheRequestEndsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan time.Time)
		p := serveFront(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			left <- time.Now()
		})
		s := newScript(plain)
		s.stays = true
		p.callers.next <- s
		time.Sleep(time.Hour) // of the bubble's clock
		gone := time.Now()
		s.mu.Lock()
		s.left = true
		s.mu.Unlock()
		if took := (<-left).Sub(gone); took > time.Second {
			t.Errorf("it took %s", took)
		}
		s.answered()
	})
}

func TestARequestGoesOnWhileItsCallerWaitsAndSaysTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
				t.Error("it was ended")
			case <-time.After(time.Minute): // of the bubble's clock
			}
			_, _ = io.WriteString(w, r.URL.Path)
		})
		s := newScript(plain, "GET /q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		p.callers.next <- s
		if got := told(s.answered(), plain); !containsAll(got, `"/p"`, `"/q"`) {
			t.Error(got)
		}
	})
}

func TestTheTimerRestsWhileNoRequestIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan bool, 3)
		p := serveFront(t, func(http.ResponseWriter, *http.Request) { done <- true })
		here, there := net.Pipe()
		counted := &counting{Conn: there}
		p.callers.next <- counted
		reader := bufio.NewReader(here)
		for range 3 {
			_, _ = io.WriteString(here, plain)
			answered(t, reader)
			<-done
			time.Sleep(time.Minute / 2) // of the bubble's clock
		}
		here.Close()
		synctest.Wait()
		if counted.looks != 0 {
			t.Errorf("it was looked %d times at a connection without a request", counted.looks)
		}
	})
}

// counting counts the looks at it.
type counting struct {
	net.Conn
	looks int
}

func (c *counting) hasLeft() bool {
	c.looks++
	return false
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
