-- Where inventories come from, which devices each of them lists, and conversations told apart by
-- site.

-- An inventory source: what one system of one site exports again and again. Its name is the
-- hospital's, or that of the first file; its headings are how the next file is recognised.
-- Pending: the newest export lacks so many rows that a person must say whether it is partial.
CREATE TABLE stream (
    number {key},
    site {text} NOT NULL,
    name {text} NOT NULL,
    headings {text} NOT NULL,
    content_hash {text} NOT NULL,
    parser {text} NOT NULL,
    pending BIGINT NOT NULL,
    ingest BIGINT NOT NULL REFERENCES ingest (number),
    UNIQUE (site, name)
);

-- Devices that the inventory says are retired leave every count of devices at risk.
ALTER TABLE device ADD COLUMN retired BIGINT NOT NULL DEFAULT 0;

-- Devices that a stream lists, or listed until `gone`.
CREATE TABLE stream_row (
    stream BIGINT NOT NULL REFERENCES stream (number),
    device BIGINT NOT NULL REFERENCES device (number) ON DELETE CASCADE,
    gone BIGINT,
    PRIMARY KEY (stream, device)
) {clustered};
CREATE INDEX stream_row_of_device ON stream_row (device);

-- Private addresses are the same at every site: a conversation belongs to one.
ALTER TABLE conversation RENAME TO conversation_of_before;
CREATE TABLE conversation_at_site (
    number {key},
    site {text} NOT NULL,
    client_address {text} NOT NULL,
    server_address {text} NOT NULL,
    transport {text} NOT NULL,
    port BIGINT NOT NULL,
    application {text} NOT NULL,
    client {text} NOT NULL,
    server {text} NOT NULL,
    packets BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    UNIQUE (site, client_address, server_address, transport, port, application)
);
INSERT INTO conversation_at_site SELECT t.number,
    COALESCE((SELECT d.site FROM device d WHERE d.id = t.client),
        (SELECT d.site FROM device d WHERE d.id = t.server), ''),
    t.client_address, t.server_address, t.transport, t.port, t.application, t.client, t.server,
    t.packets, t.bytes, t.first_seen, t.last_seen FROM conversation_of_before t;
DROP TABLE conversation_of_before;
ALTER TABLE conversation_at_site RENAME TO conversation;
CREATE INDEX conversation_client ON conversation (client);
CREATE INDEX conversation_server ON conversation (server);
