package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// bombSize is what the body of token_gzip_bomb unpacks to, in bytes.
const bombSize = 64 << 20

// writeToken answers a token response (RFC 6749 section 5.1), or something
// that resembles one.
func (s *Server) writeToken(w http.ResponseWriter, r *http.Request, answer tokenAnswer) {
	fields := s.tokenFields(answer)
	body, kind, err := s.encodeFields(fields)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	if s.faults.fire("token_gzip_bomb") {
		h.Set("Content-Encoding", "gzip")
		writeBomb(w, body)
		return
	}
	if s.faults.fire("token_truncated") {
		body = body[:len(body)/2]
	}
	if set, ok := s.faults.take("token_slow"); ok {
		trickle(w, r, body, set.pace)
		return
	}
	_, _ = w.Write(body) // the client may be gone: nothing to do about it
}

// tokenFields is the response as JSON values by name.
func (s *Server) tokenFields(answer tokenAnswer) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{
		"access_token": quote(answer.access),
		"scope":        quote(strings.Join(answer.scopes, " ")),
	}
	if answer.refresh != "" || answer.emptyRefresh {
		fields["refresh_token"] = quote(answer.refresh)
	}
	if answer.idToken != "" {
		fields["id_token"] = quote(answer.idToken)
	}
	if kind, ok := s.tokenType(); ok {
		fields["token_type"] = quote(kind)
	}
	if expiry, ok := s.expiresIn(answer.lifetime); ok {
		fields["expires_in"] = expiry
	}
	return fields
}

func (s *Server) tokenType() (string, bool) {
	set, _ := s.faults.take("token_type")
	switch set.choice {
	case "lowercase":
		return "bearer", true
	case "mac":
		return "mac", true
	case "missing":
		return "", false
	}
	return "Bearer", true
}

// expiresIn writes the lifetime in seconds, or in one of the ways seen in the
// wild.
func (s *Server) expiresIn(lifetime time.Duration) (json.RawMessage, bool) {
	seconds := strconv.FormatInt(int64(lifetime/time.Second), 10)
	set, _ := s.faults.take("expires_in")
	forms := map[string]string{
		"":         seconds,
		"string":   `"` + seconds + `"`,
		"float":    seconds + ".0",
		"exponent": seconds + "e0",
		"padded":   `" ` + seconds + ` "`,
		"null":     "null",
		"zero":     "0",
		"negative": "-1",
		"huge":     "10000000000000",
		"garbage":  `"soon"`,
	}
	form, ok := forms[set.choice]
	return json.RawMessage(form), ok // "missing" has no form
}

// encodeFields writes the response body and names its media type.
func (s *Server) encodeFields(fields map[string]json.RawMessage) (body []byte, kind string, err error) {
	if s.faults.fire("token_form") {
		form := url.Values{}
		for name, raw := range fields {
			form.Set(name, unquote(raw))
		}
		return []byte(form.Encode()), "application/x-www-form-urlencoded", nil
	}
	body, err = json.Marshal(fields)
	if err != nil {
		return nil, "", fmt.Errorf("encoding a token response: %v", err)
	}
	if s.faults.fire("token_text_html") {
		return body, "text/html; charset=utf-8", nil
	}
	return body, "application/json", nil
}

func quote(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string always encodes
	return raw
}

// unquote returns a JSON string's text, and any other value as written.
func unquote(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// writeBomb compresses blanks in front of the body: JSON that is right to the
// end, for whoever has the memory to get there.
func writeBomb(w io.Writer, body []byte) {
	z := gzip.NewWriter(w)
	blanks := bytes.Repeat([]byte{' '}, 1<<20)
	for range bombSize / len(blanks) {
		if _, err := z.Write(blanks); err != nil {
			return // the client has had enough
		}
	}
	_, _ = z.Write(body)
	_ = z.Close()
}

// trickle sends the body one byte at a time until it ends or the client leaves.
func trickle(w http.ResponseWriter, r *http.Request, body []byte, pace time.Duration) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	out := http.NewResponseController(w)
	for i := range body {
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}
