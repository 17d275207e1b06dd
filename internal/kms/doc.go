// Package kms asks keys of key services to encrypt and decrypt a few bytes:
// HashiCorp Vault's transit engine, AWS KMS, Google Cloud KMS. Each is one
// HTTP request of two members, so that none needs its vendor's SDK.
//
//	Open(URI) ─▶ vault.go · aws.go (with sigv4.go) · gcp.go ─▶ Key: Encrypt, Decrypt
//
// URIs are those of Tink:
//
//	hcvault://HOST[:PORT]/MOUNT/keys/NAME   VAULT_TOKEN or VAULT_TOKEN_FILE, VAULT_NAMESPACE
//	aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//	gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K   the machine's service account, or GOOGLE_OAUTH_ACCESS_TOKEN
//
// Invariants: errors are faults, tell a service that cannot be reached from one
// that refuses, and hold no token. The address is the operator's own setting,
// so no range of addresses is closed to it.
//
// Not in it: what is sealed with the key (packages secret and keyring).
package kms
