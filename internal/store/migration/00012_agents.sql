-- Agents lead requests into private networks. hash is the SHA-256 of an agent's
-- token; instance is the one run of its program that counts, former those that
-- were replaced and must not come back.
CREATE TABLE agents (
    name        TEXT   COLLATE "binary" NOT NULL PRIMARY KEY,
    hash        BYTEA  NOT NULL,
    prefix      TEXT   NOT NULL,
    description TEXT   NOT NULL,
    hosts       TEXT   NOT NULL,
    instance    TEXT   NOT NULL,
    former      TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

-- Tunnels that stand, one for each node that an agent is connected to. A node
-- that is no more writes seen_at no more.
CREATE TABLE agent_tunnels (
    agent        TEXT   COLLATE "binary" NOT NULL REFERENCES agents (name) ON DELETE CASCADE,
    node         TEXT   COLLATE "binary" NOT NULL,
    instance     TEXT   NOT NULL,
    version      TEXT   NOT NULL,
    address      TEXT   NOT NULL,
    allow        TEXT   NOT NULL,
    connected_at BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL,
    PRIMARY KEY (agent, node)
);
