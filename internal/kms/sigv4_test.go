package kms

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The requests and signatures are those of AWS's own test suite of Signature
// Version 4: post-vanilla and post-x-www-form-urlencoded.
func TestSignaturesAreThoseThatAWSPublishes(t *testing.T) {
	for name, test := range map[string]struct {
		contentType, body string
		signed, signature string
	}{
		"post-vanilla": {
			signed: "host;x-amz-date", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
		},
		"post-x-www-form-urlencoded": {
			contentType: "application/x-www-form-urlencoded", body: "Param1=value1",
			signed: "content-type;host;x-amz-date", signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "https://example.amazonaws.com/", strings.NewReader(test.body))
			r.Header = http.Header{}
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			s := signer{
				region: "us-east-1", service: "service", keyID: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
				at: time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC),
			}
			if err := s.sign(r, []byte(test.body)); err != nil {
				t.Fatal(err)
			}
			want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + test.signed + ", Signature=" + test.signature
			if got := r.Header.Get("Authorization"); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}
