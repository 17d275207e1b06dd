package answer

import "cmp"

// soapFault is what a SOAP envelope says went wrong, by version 1.1 (section
// 4.4 of the W3C note) or 1.2 (part 1, section 5.4).
func (d Document) soapFault() (message string, found bool) {
	if d.format != inXML {
		return "", false
	}
	const fault = "/Envelope/Body/Fault"
	if _, found := d.Lookup(fault); !found {
		return "", false
	}
	for _, path := range [...]string{"/faultstring", "/Reason/Text", "/faultcode", "/Code/Value"} {
		text, _ := d.Lookup(fault + path)
		message = cmp.Or(message, text)
	}
	return cmp.Or(message, "a SOAP fault"), true
}
