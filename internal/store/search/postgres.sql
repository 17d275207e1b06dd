-- A text is the name and the account in small letters and the tags in capitals,
-- so that no word of a tag is proposed for one of a name.
CREATE TABLE connection_texts (
    connection TEXT COLLATE "binary" NOT NULL PRIMARY KEY,
    text       TEXT COLLATE "binary" NOT NULL
);
CREATE FUNCTION connection_text(name TEXT, account TEXT, spec TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower((name || chr(10) || account || chr(10)) COLLATE "binary") || CASE WHEN strpos(spec, '"tags":{') > 0 THEN upper(substr(spec, strpos(spec, '"tags":{') + 8) COLLATE "binary") ELSE '' END || chr(10)
$$;
CREATE FUNCTION connection_grams(text TEXT) RETURNS TEXT[] LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
    SELECT COALESCE(array_agg(DISTINCT substr($1, i, 3)), '{}') FROM generate_series(1, length($1) - 2) AS i
$$;
INSERT INTO connection_texts (connection, text)
SELECT
    name,
    connection_text(name, account, spec)
FROM connections;
CREATE INDEX connection_texts_grams ON connection_texts USING gin (connection_grams(text)) WITH (gin_pending_list_limit = 512);

CREATE FUNCTION connection_text_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO connection_texts (connection, text)
    VALUES (new.name, connection_text(new.name, new.account, new.spec))
    ON CONFLICT (connection) DO UPDATE SET
        text = excluded.text
    WHERE connection_texts.text <> excluded.text;
    RETURN NULL;
END
$$;
CREATE FUNCTION connection_text_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM connection_texts WHERE connection = old.name;
    RETURN NULL;
END
$$;
-- From here on writers wait: all that takes long is done.
CREATE TRIGGER connections_text_added AFTER INSERT ON connections
    FOR EACH ROW EXECUTE FUNCTION connection_text_changed();
CREATE TRIGGER connections_text_changed AFTER UPDATE OF account, spec ON connections
    FOR EACH ROW WHEN (new.account <> old.account OR new.spec <> old.spec) EXECUTE FUNCTION connection_text_changed();
CREATE TRIGGER connections_text_gone AFTER DELETE ON connections
    FOR EACH ROW EXECUTE FUNCTION connection_text_gone();
INSERT INTO connection_texts (connection, text)
SELECT
    c.name,
    connection_text(c.name, c.account, c.spec)
FROM connections c
WHERE NOT EXISTS (
    SELECT 1
    FROM connection_texts t
    WHERE t.connection = c.name
      AND t.text = connection_text(c.name, c.account, c.spec)
)
ON CONFLICT (connection) DO UPDATE SET
    text = excluded.text;
