-- History is only ever added to; requests.state is where its last row, or a citizen's wish for a re-check, left it.
-- The outbox holds what the hook has not yet confirmed; a confirmed row is taken out.

CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    service_code TEXT NOT NULL,
    description TEXT,
    address TEXT,
    lat REAL,                       -- WGS-84 degrees
    long REAL,
    reference TEXT,                 -- the sender's own number, copied out of attributes
    attributes TEXT NOT NULL,       -- JSON: [[code, value], ...] as given
    media_url TEXT,
    first_name TEXT,
    phone TEXT,
    email TEXT,
    device_id TEXT,
    account_id TEXT,
    jurisdiction_id TEXT,
    requested_at TEXT NOT NULL,     -- 2026-11-21T09:30:00+08:00, so text order is time order
    address_id TEXT,
    last_name TEXT,
    state TEXT NOT NULL DEFAULT 'received',
    token TEXT,                     -- what its sender was given instead of the number, NULL where that was the number
    numbered_at TEXT                -- from when on the token tells the number, NULL for at once
);
CREATE INDEX requests_by_time ON requests (requested_at);
CREATE INDEX requests_by_state ON requests (state, requested_at);
CREATE UNIQUE INDEX requests_by_token ON requests (token);

CREATE TABLE history (
    number TEXT NOT NULL REFERENCES requests (number),
    sequence INTEGER NOT NULL,      -- 1, 2, ... within its request
    event_id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    unit TEXT,
    note TEXT,
    state TEXT NOT NULL DEFAULT '', -- where it left the request
    due_at TEXT,                    -- of an extension
    solved INTEGER,                 -- of a re-check: 1 or 0
    checks TEXT,                    -- of a re-check, JSON: the points that were done
    clerk TEXT,
    PRIMARY KEY (number, sequence)
);

CREATE TABLE updates (
    number TEXT NOT NULL REFERENCES requests (number),
    key TEXT NOT NULL,              -- the sender's; the same one again is the same update
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    at TEXT NOT NULL,               -- when the citizen said it
    taken_at TEXT NOT NULL,         -- when it came here
    steps INTEGER NOT NULL,         -- how many had been taken by then
    PRIMARY KEY (number, key)
);

CREATE TABLE photos (
    id TEXT PRIMARY KEY,            -- not to be guessed: whoever knows it may see the picture
    number TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    place INTEGER NOT NULL,         -- 0, 1, ... within its step
    jpeg BLOB NOT NULL,             -- written anew by us, without anything the camera had noted
    FOREIGN KEY (number, sequence) REFERENCES history (number, sequence)
);
CREATE INDEX photos_by_step ON photos (number, sequence, place);

CREATE TABLE outbox (
    number TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,           -- unix seconds
    PRIMARY KEY (number, sequence),
    FOREIGN KEY (number, sequence) REFERENCES history (number, sequence)
);

CREATE TABLE counters (
    day TEXT PRIMARY KEY,           -- 20261121
    last INTEGER NOT NULL
);

CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

PRAGMA user_version = 2;
