package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

const (
	signingKeyID    = "practice-1"
	idTokenLifetime = time.Hour
)

// newSigningKey makes the RSA key of the ID tokens. It is made when first
// needed: most practice runs never ask for openid.
func newSigningKey() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
}

// userClaims is what the scopes let a client know of the test user.
func userClaims(scopes []string) map[string]any {
	claims := map[string]any{"sub": userID}
	if slices.Contains(scopes, "profile") {
		claims["name"] = userName
		claims["preferred_username"] = testUser
	}
	if slices.Contains(scopes, "email") {
		claims["email"] = userMail
		claims["email_verified"] = true
	}
	return claims
}

// signIDToken makes the ID token of OpenID Connect Core section 2.
func (s *Server) signIDToken(g *grant) (string, *oauthError) {
	now := s.now()
	claims := userClaims(g.scopes)
	claims["iss"] = s.cfg.Issuer
	claims["aud"] = g.clientID
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(idTokenLifetime).Unix()
	claims["auth_time"] = g.authTime.Unix()
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	token, err := s.signJWT(claims)
	if err != nil {
		return "", &oauthError{status: http.StatusInternalServerError, code: "server_error", description: "the ID token cannot be signed"}
	}
	return token, nil
}

// signJWT is JWS compact serialization with RS256 (RFC 7515 section 3.1).
func (s *Server) signJWT(claims map[string]any) (string, error) {
	key, err := s.signKey()
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT","kid":"`+signingKeyID+`"}`)) + "." + enc.EncodeToString(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + enc.EncodeToString(signature), nil
}

// jwks publishes the signing key (RFC 7517 section 5).
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	key, err := s.signKey()
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	enc := base64.RawURLEncoding
	exponent := binary.BigEndian.AppendUint32(nil, uint32(key.E)) // 65537 always
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA",
		"use": "sig",
		"alg": "RS256",
		"kid": signingKeyID,
		"n":   enc.EncodeToString(key.N.Bytes()),
		"e":   enc.EncodeToString(exponent[1:]),
	}}})
}
