-- Links that ask somebody without an account to authorize a connection, which
-- may not exist yet. hash is the SHA-256 of the secret part of the address,
-- due_at when the webhook is sent next (0: nothing to send).
CREATE TABLE connect_links (
    id             TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    hash           BYTEA  NOT NULL UNIQUE,
    connection     TEXT   COLLATE "binary" NOT NULL,
    status         TEXT   NOT NULL,
    flow           TEXT   NOT NULL,
    terms          TEXT   NOT NULL,
    progress       TEXT   NOT NULL,
    webhook_secret BYTEA,
    due_at         BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    version        BIGINT NOT NULL
);
CREATE INDEX connect_links_by_connection ON connect_links (connection);
CREATE INDEX connect_links_by_flow ON connect_links (flow) WHERE flow <> '';
CREATE INDEX connect_links_by_due ON connect_links (due_at) WHERE due_at > 0;
CREATE INDEX connect_links_by_end ON connect_links (expires_at);
