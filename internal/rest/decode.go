package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxBody bounds a request's body, in bytes, where its route sets no other limit.
const maxBody = 1 << 20

// decode reads a request's JSON into to, strictly. readBack, when not nil, is
// what the thing reads back as: a field of it that cannot be written is told
// apart from one that does not exist.
func decode(r *http.Request, to, readBack any) error {
	data, err := readBody(r)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return fault.New(api.CodeInvalid, "the request has no body").WithHint("send a JSON object; /docs shows its fields")
	}
	return unmarshal(data, to, readBack)
}

// decodeOptional is decode for a body that may be left out.
func decodeOptional(r *http.Request, to any) error {
	data, err := readBody(r)
	if err != nil || len(data) == 0 {
		return err
	}
	return unmarshal(data, to, nil)
}

func readBody(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &statusError{http.StatusRequestEntityTooLarge,
			fault.New(api.CodeInvalid, "the request body is larger than %d bytes", tooLarge.Limit).
				WithHint("to send large bodies to an API use /proxy/{connection}/{path}, which streams")}
	}
	if err != nil {
		return nil, fault.Wrap(err, api.CodeInvalid, "the request body broke off")
	}
	return bytes.TrimSpace(data), nil
}

func unmarshal(data []byte, to, readBack any) error {
	if err := wellFormed(data); err != nil {
		return err
	}
	if data[0] != '{' {
		return fault.New(api.CodeInvalid, "the body is not a JSON object").WithHint("write it as {…}; /docs shows its fields")
	}
	if err := checkFields(data, to, readBack); err != nil {
		return err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return badValue(err)
	}
	return nil
}

// wellFormed says where JSON is not, or breaks off, or goes on after its end.
func wellFormed(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(new(any))
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(err, api.CodeInvalid, "the JSON breaks off after %d bytes", len(data))
	case errors.As(err, &syntax):
		return fault.Wrap(err, api.CodeInvalid, "the JSON is wrong at byte %d", syntax.Offset)
	case err != nil:
		return fault.Wrap(err, api.CodeInvalid, "the JSON cannot be read")
	}
	end := int(decoder.InputOffset())
	if rest := bytes.TrimSpace(data[end:]); len(rest) > 0 {
		return fault.New(api.CodeInvalid, "the JSON ends at byte %d, and more follows", end)
	}
	return nil
}

// badValue says which field cannot hold what it was given. It shows no value:
// one may be a secret.
func badValue(err error) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) { // from the types of package api, which say what they expected
		return fault.Wrap(err, api.CodeInvalid, "a field has a value of the wrong form: %v", err)
	}
	found, _, _ := strings.Cut(mismatch.Value, " ") // "number 12" becomes "number"
	return fault.Wrap(err, api.CodeInvalid, "the field %s cannot be a %s", mismatch.Field, found).
		WithHint("%s", expected(mismatch.Type.Kind().String()))
}

func expected(kind string) string {
	switch kind {
	case "string":
		return "write it as text in quotes"
	case "slice", "array":
		return "write it as a list: […]"
	case "map", "struct":
		return "write it as an object: {…}"
	case "bool":
		return "write it as true or false"
	default:
		return fmt.Sprintf("write it as a number (%s)", kind)
	}
}
