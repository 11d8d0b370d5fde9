-- From the first version: one state for each step, no words of citizens, no pictures, no tokens.

DROP VIEW cases;

ALTER TABLE requests ADD COLUMN address_id TEXT;
ALTER TABLE requests ADD COLUMN last_name TEXT;
ALTER TABLE requests ADD COLUMN state TEXT NOT NULL DEFAULT 'received';
ALTER TABLE requests ADD COLUMN token TEXT;
ALTER TABLE requests ADD COLUMN numbered_at TEXT;
CREATE INDEX requests_by_state ON requests (state, requested_at);
CREATE UNIQUE INDEX requests_by_token ON requests (token);

ALTER TABLE history ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE history ADD COLUMN due_at TEXT;
ALTER TABLE history ADD COLUMN solved INTEGER;
ALTER TABLE history ADD COLUMN checks TEXT;
ALTER TABLE history ADD COLUMN clerk TEXT;

-- Every step of the first version had the name of the state it led to.
UPDATE history SET state = event;
UPDATE requests SET state = COALESCE(
    (SELECT event FROM history WHERE history.number = requests.number ORDER BY sequence DESC LIMIT 1),
    'received');

CREATE TABLE updates (
    number TEXT NOT NULL REFERENCES requests (number),
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    steps INTEGER NOT NULL,
    PRIMARY KEY (number, key)
);

CREATE TABLE photos (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    place INTEGER NOT NULL,
    jpeg BLOB NOT NULL,
    FOREIGN KEY (number, sequence) REFERENCES history (number, sequence)
);
CREATE INDEX photos_by_step ON photos (number, sequence, place);

PRAGMA user_version = 2;
