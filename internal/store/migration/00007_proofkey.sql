-- The key that a connection's tokens are bound to (RFC 9449), sealed.
ALTER TABLE connections ADD COLUMN proof_key BYTEA;
-- How a client was registered by itself (RFC 7591), with what manages the registration, sealed.
ALTER TABLE clients ADD COLUMN registration BYTEA;
