package keyring

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
)

// Export is the keyring sealed under another master key, as the setting
// [Setting] would hold it.
func (h *Holder) Export(master secret.Master) (secret.Sealed, error) {
	s := h.state.Load()
	return seal(s.ring, s.doc.described, master)
}

// Move opens a keyring with one master key, checks that it fits the proof of
// its database, and seals it under another.
func Move(text, proof secret.Sealed, from, to secret.Master) (secret.Sealed, error) {
	doc, ring, err := fitting(text, proof, from)
	if err != nil {
		return nil, err
	}
	return seal(ring, doc.described, to)
}

// Fits checks that a master key opens a keyring, and that it is the one of the
// proof's database.
func Fits(text, proof secret.Sealed, master secret.Master) error {
	_, _, err := fitting(text, proof, master)
	return err
}

func fitting(text, proof secret.Sealed, master secret.Master) (document, *secret.Keyring, error) {
	doc, err := read(text)
	if err != nil {
		return doc, nil, err
	}
	ring, err := doc.open(master)
	if err != nil {
		return doc, nil, err
	}
	if len(proof) == 0 {
		return doc, nil, fault.New(api.CodeInvalid, "there is nothing to check the keyring with")
	}
	return doc, ring, ring.Check(proof)
}
