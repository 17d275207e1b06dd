package link

import (
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"
)

// quiet is the margin that readers need, in modules (ISO/IEC 18004 section 6.3.8).
const quiet = 4

// QR draws a text as a QR code. Nothing is drawn that does not fit into one.
func QR(text, label string) template.HTML {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return ""
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			width := 0
			for x+width < code.Size && code.Black(x+width, y) {
				width++
			}
			if width > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, width, width)
				x += width
			}
		}
	}
	side := code.Size + 2*quiet
	return template.HTML(fmt.Sprintf(`<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges"><path class="paper" d="M0 0h%dv%dh-%dz"/><path class="ink" d="%s"/></svg>`, //nolint:gosec // numbers, and a text that is escaped
		side, side, template.HTMLEscapeString(label), side, side, side, path.String()))
}
