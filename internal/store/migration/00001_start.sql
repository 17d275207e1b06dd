-- The collation "binary" orders names by their bytes. SQLite has it; a PostgreSQL
-- database gets it before its first migration.
CREATE TABLE sequences (
    name  TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO sequences (name, value) VALUES ('event', 0), ('fence', 0);

CREATE TABLE settings (
    name  TEXT  COLLATE "binary" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE access_keys (
    name         TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    hash         BYTEA  NOT NULL,
    prefix       TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    connections  TEXT,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);

CREATE TABLE providers (
    name       TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document   TEXT   NOT NULL
);

-- A client's provider may be a built-in one, so no foreign key can guard it.
CREATE TABLE clients (
    name                       TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    provider                   TEXT   COLLATE "binary" NOT NULL,
    client_id                  TEXT   NOT NULL,
    token_endpoint_auth_method TEXT   NOT NULL,
    created_at                 BIGINT NOT NULL,
    updated_at                 BIGINT NOT NULL,
    description                TEXT   NOT NULL,
    variables                  TEXT,
    allowed_hosts              TEXT,
    cause                      TEXT,
    secret                     BYTEA
);
CREATE INDEX clients_by_provider ON clients (provider);

CREATE TABLE connections (
    name              TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    client            TEXT   COLLATE "binary" NOT NULL REFERENCES clients (name),
    state             TEXT   NOT NULL,
    generation        BIGINT NOT NULL,
    account           TEXT   NOT NULL,
    last_used_at      BIGINT NOT NULL,
    last_refreshed_at BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    cause             TEXT,
    spec              TEXT   NOT NULL
);
CREATE INDEX connections_by_client ON connections (client, name);
CREATE INDEX connections_by_state ON connections (state, name);

-- The sealed tokens come last: a list reads the columns before them only.
CREATE TABLE token_sets (
    connection         TEXT   COLLATE "binary" NOT NULL REFERENCES connections (name) ON DELETE CASCADE,
    generation         BIGINT NOT NULL,
    token_type         TEXT   NOT NULL,
    obtained_at        BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    refresh_expires_at BIGINT NOT NULL,
    scope              TEXT,
    refresh_token      BYTEA,
    access_token       BYTEA,
    PRIMARY KEY (connection, generation)
);

CREATE TABLE leases (
    connection TEXT   COLLATE "binary" NOT NULL PRIMARY KEY REFERENCES connections (name) ON DELETE CASCADE,
    owner      TEXT   NOT NULL,
    fence      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE flows (
    id                TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    connection        TEXT   COLLATE "binary" NOT NULL REFERENCES connections (name) ON DELETE CASCADE,
    state_hash        BYTEA  NOT NULL UNIQUE,
    status            TEXT   NOT NULL,
    taken_at          BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    issuer            TEXT   NOT NULL,
    token_endpoint    TEXT   NOT NULL,
    redirect_uri      TEXT   NOT NULL,
    return_to         TEXT   NOT NULL,
    cause             TEXT,
    verifier          BYTEA,
    authorization_url BYTEA
);
CREATE INDEX flows_by_connection ON flows (connection);
CREATE INDEX flows_by_expiry ON flows (expires_at);

CREATE TABLE events (
    id          BIGINT NOT NULL PRIMARY KEY,
    connection  TEXT   COLLATE "binary" NOT NULL REFERENCES connections (name) ON DELETE CASCADE,
    happened_at BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    detail      TEXT
);
CREATE INDEX events_by_connection ON events (connection, id);
