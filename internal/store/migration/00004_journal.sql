-- A lease is also the journal of the renewal that was begun under it: it is
-- written before anything is sent. tries counts the renewals of one generation
-- that were begun, and salvage is an answer nobody could read, sealed.
ALTER TABLE leases ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leases ADD COLUMN tries      BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leases ADD COLUMN begun_at   BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leases ADD COLUMN salvage    BYTEA;
