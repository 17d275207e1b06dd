package link

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Limits of a logo.
const (
	maxLogo  = 32 << 10 // bytes
	maxPixel = 2048     // wide or high, of a PNG
)

// Logo is a picture that is shown as an image and runs nothing.
type Logo struct {
	Kind    string // image/png or image/svg+xml
	Content []byte
}

// DataURI writes a logo as a link takes it.
func (l Logo) DataURI() string {
	return "data:" + l.Kind + ";base64," + base64.StdEncoding.EncodeToString(l.Content)
}

// ReadLogo reads a data URI of a PNG or SVG picture (RFC 2397). An SVG with a
// script, an event handler, an entity or a reference to elsewhere is refused.
// The error has [api.CodeInvalid].
func ReadLogo(uri string) (Logo, error) {
	head, body, found := strings.Cut(uri, ",")
	kind, plain := strings.CutSuffix(strings.TrimPrefix(head, "data:"), ";base64")
	if !found || !plain || !strings.HasPrefix(head, "data:") {
		return Logo{}, badLogo(nil, "is not a data URI in base64")
	}
	if base64.StdEncoding.DecodedLen(len(body)) > maxLogo+2 {
		return Logo{}, badLogo(nil, "is larger than 32 KiB")
	}
	content, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return Logo{}, badLogo(err, "is not good base64")
	}
	return CheckLogo(Logo{kind, content})
}

// CheckLogo judges a picture. The error has [api.CodeInvalid].
func CheckLogo(logo Logo) (Logo, error) {
	switch {
	case len(logo.Content) > maxLogo:
		return Logo{}, badLogo(nil, "is larger than 32 KiB")
	case logo.Kind == "image/png":
		size, err := png.DecodeConfig(bytes.NewReader(logo.Content))
		if err != nil || size.Width > maxPixel || size.Height > maxPixel {
			return Logo{}, badLogo(err, "is not a PNG of at most 2048 by 2048")
		}
		return logo, nil
	case logo.Kind == "image/svg+xml":
		if err := harmless(logo.Content); err != nil {
			return Logo{}, badLogo(err, "is not an SVG that may be shown: "+err.Error())
		}
		return logo, nil
	}
	return Logo{}, badLogo(nil, "is neither image/png nor image/svg+xml")
}

func badLogo(cause error, what string) error {
	return fault.Wrap(cause, api.CodeInvalid, "the logo %s", what).
		WithHint("use a PNG or SVG of at most 32 KiB, as data:image/png;base64,…")
}

// harmless reads an SVG to its end and refuses what could do anything.
func harmless(svg []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for first := true; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if first {
				return errors.New("it is empty")
			}
			return nil
		}
		if err != nil {
			return errors.New("it is not well-formed XML")
		}
		switch token := token.(type) {
		case xml.Directive:
			return errors.New("it has a document type")
		case xml.StartElement:
			if first && token.Name.Local != "svg" {
				return errors.New("it does not begin with svg")
			}
			first = false
			if err := harmlessElement(token); err != nil {
				return err
			}
		}
	}
}

func harmlessElement(e xml.StartElement) error {
	switch strings.ToLower(e.Name.Local) {
	case "script", "foreignobject", "iframe", "object", "embed", "audio", "video", "handler", "listener", "set", "animate":
		return errors.New("it has the element " + e.Name.Local)
	}
	for _, a := range e.Attr {
		name, value := strings.ToLower(a.Name.Local), strings.ToLower(strings.TrimSpace(a.Value))
		switch {
		case strings.HasPrefix(name, "on"):
			return errors.New("it has the event handler " + a.Name.Local)
		case name == "href" && !strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "data:image/png;"):
			return errors.New("it refers to something elsewhere")
		case strings.Contains(value, "javascript:") || strings.Contains(value, "url(") && !strings.Contains(value, "url(#"):
			return errors.New("it refers to something elsewhere")
		}
	}
	return nil
}
