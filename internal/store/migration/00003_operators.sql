-- People who use the pages. A password is kept as argon2id, a session and a
-- one-time code as the SHA-256 of 256 random bits.
CREATE TABLE operators (
    name       TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    password   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- An operator who signs in through an OpenID provider has no row above.
CREATE TABLE operator_sessions (
    hash         BYTEA  NOT NULL PRIMARY KEY,
    operator     TEXT   COLLATE "binary" NOT NULL,
    address      TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX operator_sessions_by_operator ON operator_sessions (operator);
CREATE INDEX operator_sessions_by_expiry ON operator_sessions (expires_at);

CREATE TABLE operator_codes (
    hash       BYTEA  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- Lists are sorted by these, and the calendar reads the third.
CREATE INDEX connections_by_use ON connections (last_used_at, name);
CREATE INDEX connections_by_renewal ON connections (last_refreshed_at, name);
CREATE INDEX token_sets_by_refresh_expiry ON token_sets (refresh_expires_at, connection);
