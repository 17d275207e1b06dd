package kms

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// vault is a key of Vault's transit engine.
type vault struct {
	access     Access
	uri        string
	base       string // https://host/v1/mount
	name       string
	credential func() (string, error)
}

// openVault reads HOST/MOUNT/keys/NAME. VAULT_ADDR replaces the scheme and host
// where it is set: a Vault without TLS on the same machine has no other way.
func openVault(uri, rest string, access Access) (Key, error) {
	host, path, _ := strings.Cut(rest, "/")
	mount, name, ok := strings.Cut(path, "/keys/")
	if !ok || host == "" || mount == "" || name == "" || strings.ContainsAny(rest, "?#@ ") || strings.Contains(name, "/") {
		return nil, badURI(uri)
	}
	server := "https://" + host
	if address := access.Getenv("VAULT_ADDR"); strings.TrimPrefix(address, "http://") == host {
		server = address
	}
	return &vault{
		access: access, uri: uri, base: server + "/v1/" + mount, name: name,
		credential: func() (string, error) { return access.secretOf("VAULT_TOKEN") },
	}, nil
}

// Encrypt asks Vault to encrypt.
func (v *vault) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	var answer struct {
		Data struct {
			Ciphertext string `json:"ciphertext"`
		} `json:"data"`
	}
	err := v.ask("encrypt", map[string][]byte{"plaintext": plaintext, "associated_data": associatedData}, &answer)
	return []byte(answer.Data.Ciphertext), err
}

// Decrypt asks Vault to decrypt what it encrypted.
func (v *vault) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	var answer struct {
		Data struct {
			Plaintext []byte `json:"plaintext"`
		} `json:"data"`
	}
	body := map[string]string{"ciphertext": string(ciphertext)}
	if len(associatedData) > 0 {
		body["associated_data"] = base64.StdEncoding.EncodeToString(associatedData)
	}
	err := v.ask("decrypt", body, &answer)
	return answer.Data.Plaintext, err
}

func (v *vault) ask(verb string, body, answer any) error {
	if fields, ok := body.(map[string][]byte); ok && len(fields["associated_data"]) == 0 {
		delete(fields, "associated_data")
	}
	token, err := v.credential()
	if err != nil {
		return err
	}
	if token == "" {
		return fault.New(api.CodeNeedsConfiguration, "no token for %s is set", v.uri).WithHint("set VAULT_TOKEN or VAULT_TOKEN_FILE")
	}
	header := http.Header{"X-Vault-Token": {token}, "X-Vault-Request": {"true"}}
	if namespace := v.access.Getenv("VAULT_NAMESPACE"); namespace != "" {
		header.Set("X-Vault-Namespace", namespace)
	}
	return v.access.ask(question{
		key: v.uri, url: v.base + "/" + verb + "/" + v.name, header: header, body: body,
		help: "check VAULT_TOKEN, that its policy allows update on " + verb + "/" + v.name + ", and that the key is the one that sealed this database",
	}, answer)
}
