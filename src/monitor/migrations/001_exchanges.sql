-- One row an exchange. `number` orders everything: microseconds since 1970 when it was
-- filed, made unique. Listing, paging, retention and the figures over time all read
-- along it, so no other index has to be kept up with every request.
CREATE TABLE exchange (
    number           INTEGER PRIMARY KEY,
    id               TEXT    NOT NULL,
    at               INTEGER NOT NULL, -- microseconds since 1970 when it began
    protocol         TEXT    NOT NULL,
    operation        TEXT,
    path             TEXT    NOT NULL,
    hint             TEXT,
    client           TEXT,
    client_name      TEXT,
    peer             TEXT,
    model_asked      TEXT,
    model_used       TEXT,
    provider         TEXT,
    account          TEXT,
    attempts         TEXT,             -- JSON
    streamed         INTEGER NOT NULL,
    dropped          TEXT    NOT NULL,
    status           INTEGER NOT NULL,
    outcome          TEXT    NOT NULL,
    failed           INTEGER NOT NULL, -- whether the outcome is an error
    error            TEXT,
    error_kind       TEXT,
    input_tokens     INTEGER,
    output_tokens    INTEGER,
    cached_tokens    INTEGER,
    reasoning_tokens INTEGER,
    cost             INTEGER,          -- thousand-millionths of a US dollar
    bytes_in         INTEGER NOT NULL,
    bytes_out        INTEGER NOT NULL,
    first_byte_ms    INTEGER,
    duration_ms      INTEGER NOT NULL
) STRICT;

-- Costs nothing while all goes well.
CREATE INDEX exchange_failed ON exchange (number) WHERE failed = 1;

-- Bodies are large and rare: beside the rows, not in them.
CREATE TABLE body (
    number    INTEGER NOT NULL,
    side      INTEGER NOT NULL, -- 0: request, 1: response
    content   BLOB    NOT NULL,
    length    INTEGER NOT NULL, -- bytes in all, kept or not
    truncated INTEGER NOT NULL
) STRICT;

CREATE INDEX body_number ON body (number, side);
