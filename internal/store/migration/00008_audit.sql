-- Who changed what, when. Rows are added and, once they are old, removed; never
-- changed. An actor or subject may be gone, so nothing refers to other tables.
CREATE TABLE audit (
    id          BIGINT NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    actor       TEXT   COLLATE "binary" NOT NULL,
    action      TEXT   COLLATE "binary" NOT NULL,
    subject     TEXT   COLLATE "binary" NOT NULL,
    detail      TEXT
);
CREATE INDEX audit_by_time ON audit (happened_at);
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_by_subject ON audit (subject, id);
CREATE INDEX events_by_time ON events (happened_at);
INSERT INTO sequences (name, value) VALUES ('audit', 0);
