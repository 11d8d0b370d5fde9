-- History is only ever added to; a request's state is its last history row.
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
    requested_at TEXT NOT NULL      -- 2026-11-21T09:30:00+08:00, so text order is time order
);
CREATE INDEX requests_by_time ON requests (requested_at);

CREATE TABLE history (
    number TEXT NOT NULL REFERENCES requests (number),
    sequence INTEGER NOT NULL,      -- 1, 2, ... within its request
    event_id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    unit TEXT,
    note TEXT,
    PRIMARY KEY (number, sequence)
);

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

CREATE VIEW cases AS
SELECT requests.*, COALESCE(
    (SELECT event FROM history WHERE history.number = requests.number
     ORDER BY sequence DESC LIMIT 1),
    'received') AS state
FROM requests;

PRAGMA user_version = 1;
