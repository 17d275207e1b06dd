-- When the sweeper looks at a connection next (0: never), and when a person
-- authorized it last. What is there by now is looked at soon.
ALTER TABLE connections ADD COLUMN due_at        BIGINT NOT NULL DEFAULT 1;
ALTER TABLE connections ADD COLUMN authorized_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX connections_by_due ON connections (due_at) WHERE due_at > 0;
