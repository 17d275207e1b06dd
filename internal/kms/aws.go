package kms

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// aws is a key of AWS KMS, asked by its JSON 1.1 protocol.
type aws struct {
	access Access
	uri    string
	arn    string
	region string
	server string
}

// openAWS reads an ARN: arn:PARTITION:kms:REGION:ACCOUNT:key/ID.
func openAWS(uri, arn string, access Access) (Key, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" || parts[3] == "" || !strings.Contains(parts[5], "/") {
		return nil, badURI(uri)
	}
	domain := "amazonaws.com"
	if parts[1] == "aws-cn" {
		domain = "amazonaws.com.cn"
	}
	server := "https://kms." + parts[3] + "." + domain + "/"
	if own := access.Getenv("AWS_ENDPOINT_URL_KMS"); own != "" {
		server = strings.TrimRight(own, "/") + "/"
	}
	return &aws{access: access, uri: uri, arn: arn, region: parts[3], server: server}, nil
}

// awsMessage is the body of both requests and both answers. The associated data
// is an encryption context of one member, as Tink writes it.
type awsMessage struct {
	KeyID             string            `json:"KeyId,omitempty"`
	Plaintext         []byte            `json:"Plaintext,omitempty"`
	CiphertextBlob    []byte            `json:"CiphertextBlob,omitempty"`
	EncryptionContext map[string]string `json:"EncryptionContext,omitempty"`
}

func (a *aws) message(associatedData []byte) awsMessage {
	m := awsMessage{KeyID: a.arn}
	if len(associatedData) > 0 {
		m.EncryptionContext = map[string]string{"associatedData": base64.StdEncoding.EncodeToString(associatedData)}
	}
	return m
}

// Encrypt asks AWS to encrypt.
func (a *aws) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	body := a.message(associatedData)
	body.Plaintext = plaintext
	answer, err := a.ask("Encrypt", body)
	return answer.CiphertextBlob, err
}

// Decrypt asks AWS to decrypt, with this key and no other.
func (a *aws) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	body := a.message(associatedData)
	body.CiphertextBlob = ciphertext
	answer, err := a.ask("Decrypt", body)
	return answer.Plaintext, err
}

func (a *aws) ask(action string, body awsMessage) (answer awsMessage, err error) {
	signer := signer{region: a.region, service: "kms", at: a.access.Now().UTC(), keyID: a.access.Getenv("AWS_ACCESS_KEY_ID")}
	if signer.secret, err = a.access.secretOf("AWS_SECRET_ACCESS_KEY"); err != nil {
		return answer, err
	}
	if signer.session, err = a.access.secretOf("AWS_SESSION_TOKEN"); err != nil {
		return answer, err
	}
	if signer.keyID == "" || signer.secret == "" {
		return answer, fault.New(api.CodeNeedsConfiguration, "no credentials for %s are set", a.uri).
			WithHint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SECRET_ACCESS_KEY_FILE")
	}
	err = a.access.ask(question{
		key: a.uri, url: a.server, body: body, sign: signer.sign,
		header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"TrentService." + action}},
		help:   "check the credentials, that they may kms:" + action + " with this key, and that the key is the one that sealed this database",
	}, &answer)
	return answer, err
}
