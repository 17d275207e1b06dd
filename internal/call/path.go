package call

import (
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxLayers is how many layers of percent-encoding a path may have. A server
// behind the API's own proxy may well decode twice.
const maxLayers = 4

// checkPath refuses a path that a server could read as one outside of the base
// path, whichever way it decodes, and returns it with its bytes unchanged.
// Only characters that cannot stand in a path are percent-encoded.
func checkPath(path string) (string, error) {
	if strings.HasPrefix(path, "//") || strings.HasPrefix(path, `/\`) || strings.HasPrefix(path, `\`) {
		return "", fault.New(api.CodeInvalid, "the path begins with //, which could be read as another host").
			WithHint("begin the path with one slash")
	}
	path = encode(path, pathByte)
	for layer, decoded := 0, path; ; layer++ {
		if climbs(decoded) {
			return "", fault.New(api.CodeInvalid, "the path holds .. (perhaps encoded), so it could leave the connection's base path").
				WithHint("write the path without .. segments")
		}
		next, valid := decodeOnce(decoded)
		if layer == 0 && !valid {
			return "", badEscape()
		}
		if hasControl(decoded) {
			return "", fault.New(api.CodeInvalid, "the path holds a control character")
		}
		if next == decoded {
			return path, nil
		}
		if layer == maxLayers {
			return "", fault.New(api.CodeInvalid, "the path is percent-encoded more than %d times over", maxLayers)
		}
		decoded = next
	}
}

// checkQuery refuses control characters and encodes what cannot stand in a
// query; all else keeps its order and bytes.
func checkQuery(query string) (string, error) {
	if hasControl(query) {
		return "", fault.New(api.CodeInvalid, "the query holds a control character")
	}
	return encode(query, queryByte), nil
}

func badEscape() error {
	return fault.New(api.CodeInvalid, "the path holds a %% that two hexadecimal digits do not follow").WithHint("write %%25 for the character itself")
}

// climbs says whether a segment is ".." to some server: after a backslash,
// before a ";" parameter, in overlong UTF-8, or with dots and spaces that
// Windows ignores at the end of a name.
func climbs(path string) bool {
	if !strings.Contains(path, "..") && strings.IndexByte(path, 0xc0) < 0 && strings.IndexByte(path, 0xe0) < 0 {
		return false
	}
	path = strings.NewReplacer("\xc0\xae", ".", "\xe0\x80\xae", ".", "\xc0\xaf", "/", "\xc1\x9c", "/", `\`, "/").Replace(path)
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, ";")
		if strings.HasPrefix(segment, "..") && strings.Trim(segment, ". ") == "" {
			return true
		}
	}
	return false
}

// decodeOnce takes one layer of percent-encoding away. What is not valid
// encoding stays; valid tells.
func decodeOnce(text string) (decoded string, valid bool) {
	if strings.IndexByte(text, '%') < 0 {
		return text, true
	}
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded, true
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if one, err := url.PathUnescape(text[i : i+3]); err == nil {
				b = append(b, one...)
				i += 2
				continue
			}
		}
		b = append(b, text[i])
	}
	return string(b), false
}

func hasControl(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return true
		}
	}
	return false
}

// encode percent-encodes the bytes that may not stand as they are.
func encode(text string, may func(byte) bool) string {
	const digits = "0123456789ABCDEF"
	clean := 0
	for clean < len(text) && may(text[clean]) {
		clean++
	}
	if clean == len(text) {
		return text
	}
	b := append(make([]byte, 0, len(text)+8), text[:clean]...)
	for i := clean; i < len(text); i++ {
		if c := text[i]; may(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

// pathByte: pchar and "/" of RFC 3986 section 3.3, and the brackets that
// net/url leaves alone. Control characters pass to the check that refuses them.
func pathByte(c byte) bool {
	return c < ' ' || c == 0x7f || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' ||
		strings.IndexByte("/-._~!$&'()*+,;=:@[]%", c) >= 0
}

// queryByte: any printable ASCII character except the space; a server that
// wants a stray one raw gets it raw.
func queryByte(c byte) bool { return c > ' ' && c < 0x7f }
