package page

import "cmp"

// Installation is whose pages these are, as their operator says.
type Installation struct {
	Name    string // "": Valetkey
	Picture []byte // nil: the mark of Valetkey
	Kind    string // of the picture: image/png or image/svg+xml
}

// Brand is what stands on top of every page.
type Brand struct {
	Name    string
	Picture string // its address; "": the mark of Valetkey
	Own     bool   // the operator gave a name
}

// svg is the media type of pictures that are documents as well.
const svg = "image/svg+xml"

// PicturePolicy keeps an SVG that is opened by itself from doing anything.
const PicturePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

// Brand is what stands on top of every page.
func (s *Set) Brand() Brand { return s.brand }

func (s *Set) branded(of Installation) Brand {
	b := Brand{Name: cmp.Or(of.Name, "Valetkey"), Own: of.Name != ""}
	if len(of.Picture) == 0 {
		return b
	}
	suffix := ".png"
	if of.Kind == svg {
		suffix = ".svg"
	}
	b.Picture = s.prefix + "/static/" + s.add("logo", suffix, of.Kind, of.Picture)
	return b
}
