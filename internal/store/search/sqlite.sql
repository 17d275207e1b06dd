-- A text is the name and the account in small letters and the tags in capitals,
-- so that no word of a tag is proposed for one of a name. Each has a line's end:
-- every letter begins a run of three.
CREATE TABLE connection_texts (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    connection TEXT    NOT NULL UNIQUE,
    text       TEXT    NOT NULL
);
INSERT INTO connection_texts (connection, text)
SELECT
    name,
    lower(name || char(10) || account || char(10)) || CASE WHEN instr(spec, '"tags":{') > 0 THEN upper(substr(spec, instr(spec, '"tags":{') + 8)) ELSE '' END || char(10)
FROM connections
ORDER BY name;

-- The index keeps no texts. What is deleted stays in it, and leads nowhere: an
-- id is never used twice.
CREATE VIRTUAL TABLE connection_grams USING fts5(text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1');
INSERT INTO connection_grams (rowid, text)
SELECT
    id,
    text
FROM connection_texts
WHERE id <= (SELECT COALESCE(MAX(seq), 0) / 512 * 512 FROM sqlite_sequence WHERE name = 'connection_texts')
ORDER BY id;
CREATE VIRTUAL TABLE connection_terms USING fts5vocab(connection_grams, row);
CREATE TRIGGER connection_texts_full AFTER INSERT ON connection_texts WHEN new.id % 512 = 0 BEGIN
    INSERT INTO connection_grams (rowid, text)
    SELECT
        id,
        text
    FROM connection_texts
    WHERE id > new.id - 512
      AND id <= new.id;
END;

CREATE TRIGGER connections_text_added AFTER INSERT ON connections BEGIN
    INSERT INTO connection_texts (connection, text)
    VALUES (
        new.name,
        lower(new.name || char(10) || new.account || char(10)) || CASE WHEN instr(new.spec, '"tags":{') > 0 THEN upper(substr(new.spec, instr(new.spec, '"tags":{') + 8)) ELSE '' END || char(10)
    );
END;
CREATE TRIGGER connections_text_changed AFTER UPDATE OF account, spec ON connections WHEN new.account <> old.account OR new.spec <> old.spec BEGIN
    DELETE FROM connection_texts WHERE connection = new.name;
    INSERT INTO connection_texts (connection, text)
    VALUES (
        new.name,
        lower(new.name || char(10) || new.account || char(10)) || CASE WHEN instr(new.spec, '"tags":{') > 0 THEN upper(substr(new.spec, instr(new.spec, '"tags":{') + 8)) ELSE '' END || char(10)
    );
END;
CREATE TRIGGER connections_text_gone AFTER DELETE ON connections BEGIN
    DELETE FROM connection_texts WHERE connection = old.name;
END;
