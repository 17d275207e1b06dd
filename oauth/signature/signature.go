package signature

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"
)

// Rule is how one request is signed.
type Rule struct {
	Name     string   `json:"name"`               // of the parameter or header that holds the signature
	In       string   `json:"in,omitempty"`       // param (default), header
	Alg      string   `json:"alg,omitempty"`      // hmac-sha256 (default), hmac-sha512, hmac-sha1, sha256, sha512
	Key      string   `json:"key,omitempty"`      // template; of the MAC; default {client_secret}
	Of       []string `json:"of"`                 // what is signed, one behind the other: templates, and @method, @path, @query, @params, @body
	Encoding string   `json:"encoding,omitempty"` // hex (default), HEX, base64, base64url
}

// The values of Rule.In.
const (
	InParam  = "param"
	InHeader = "header"
)

// DefaultKey is the template of the key where a rule names none.
const DefaultKey = "{client_secret}"

// The components of a request, in Rule.Of. The first three are those of RFC
// 9421 section 2.2.
const (
	Method = "@method" // in capitals
	Path   = "@path"   // encoded
	Query  = "@query"  // encoded, without the question mark that RFC 9421 has
	Params = "@params" // the parameters sorted by name, name and value without anything between
	Body   = "@body"   // as it would be sent without the signature
)

// Components lists the components of a request.
func Components() []string { return []string{Method, Path, Query, Params, Body} }

// Parts is a request as it is signed.
type Parts struct {
	Method string
	URL    *url.URL
	Params url.Values // by the names the provider reads
	Body   string
}

// component is the text of one of [Components].
func (p Parts) component(name string) string {
	switch name {
	case Method:
		return p.Method
	case Path:
		return p.URL.EscapedPath()
	case Query:
		return p.URL.RawQuery
	case Params:
		return sorted(p.Params)
	default:
		return p.Body
	}
}

func sorted(params url.Values) string {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		for _, value := range params[name] {
			text.WriteString(name + value)
		}
	}
	return text.String()
}

// NeedsKey reports whether the rule's algorithm is a MAC.
func (r Rule) NeedsKey() bool { return strings.HasPrefix(r.alg(), "hmac-") }

func (r Rule) alg() string {
	if r.Alg == "" {
		return "hmac-sha256"
	}
	return r.Alg
}

// Check says why the rule cannot be carried out.
func (r Rule) Check() error {
	if _, err := r.hash(nil); err != nil {
		return err
	}
	if _, err := r.encode(nil); err != nil {
		return err
	}
	switch {
	case r.Name == "":
		return errors.New("it has no name to stand under")
	case r.In != "" && r.In != InParam && r.In != InHeader:
		return fmt.Errorf("in is %q, and can be param or header", r.In)
	case len(r.Of) == 0:
		return errors.New("of does not say what is signed")
	case r.Key != "" && !r.NeedsKey():
		return fmt.Errorf("key has no meaning with %s: put it among what is signed", r.Alg)
	}
	for _, part := range r.Of {
		if strings.HasPrefix(part, "@") && !slices.Contains(Components(), part) {
			return fmt.Errorf("%q is not one of %s", part, strings.Join(Components(), ", "))
		}
	}
	return nil
}

// Sign gives the signature over a request. The rule's texts are filled in. The
// error says what of the rule is not known.
func (r Rule) Sign(parts Parts) (string, error) {
	sum, err := r.hash([]byte(r.Key))
	if err != nil {
		return "", err
	}
	for _, part := range r.Of {
		if slices.Contains(Components(), part) {
			part = parts.component(part)
		}
		sum.Write([]byte(part))
	}
	return r.encode(sum.Sum(nil))
}

// Apply puts signatures among the parameters of a request, and gives those that
// are headers. Each is over the request as the one before left it; body is what
// would then be sent.
func Apply(rules []Rule, parts Parts, body func() string) (headers map[string]string, err error) {
	headers = make(map[string]string, len(rules))
	for _, rule := range rules {
		parts.Body = body()
		text, err := rule.Sign(parts)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", rule.Name, err)
		case rule.In == InHeader:
			headers[rule.Name] = text
		default:
			parts.Params.Set(rule.Name, text)
		}
	}
	return headers, nil
}

func (r Rule) hash(key []byte) (hash.Hash, error) {
	hashes := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	name, keyed := strings.CutPrefix(r.alg(), "hmac-")
	made, known := hashes[name]
	switch {
	case !known || name == "sha1" && !keyed: // collisions are no concern of a MAC, but of a bare hash
		return nil, fmt.Errorf("alg is %q, and can be hmac-sha256, hmac-sha512, hmac-sha1, sha256, sha512", r.Alg)
	case keyed:
		return hmac.New(made, key), nil
	}
	return made(), nil
}

func (r Rule) encode(sum []byte) (string, error) {
	switch r.Encoding {
	case "", "hex":
		return hex.EncodeToString(sum), nil
	case "HEX":
		return strings.ToUpper(hex.EncodeToString(sum)), nil
	case "base64":
		return base64.StdEncoding.EncodeToString(sum), nil
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(sum), nil
	}
	return "", fmt.Errorf("encoding is %q, and can be hex, HEX, base64, base64url", r.Encoding)
}
