//! Schemas and tables that several tests use. Not rows of one test only: those are in its file.

/// A schema with everything in it: a required field, nullable fields, every type, a
/// many-one relation and a many-many relation with metadata.
pub const SCHEMA: &str = r#"{
  "resources": [
    {"name": "todos", "version": 3, "fields": [
      {"name": "title", "type": "string"}, {"name": "done", "type": "boolean"},
      {"name": "count", "type": "number"}, {"name": "note", "type": "string", "nullable": true},
      {"name": "data", "type": "json"}, {"name": "photo", "type": "file"},
      {"name": "projectId", "type": "string"}]},
    {"name": "projects", "version": 1, "fields": [{"name": "name", "type": "string", "required": true}]},
    {"name": "tags", "version": 1, "fields": [{"name": "label", "type": "string"}]},
    {"name": "audit", "version": 1, "isRemoteOnly": true, "fields": []}
  ],
  "relations": [
    {"type": "many-one", "from": "todos", "to": "projects", "relation": "project", "fkField": "projectId"},
    {"type": "many-many", "from": "todos", "to": "tags", "relation": "tags", "inverse": "todos",
     "metadata": [{"name": "order", "type": "number"}]}
  ]
}"#;

/// Tables for [`SCHEMA`], empty; `local` never leaves the machine.
pub const TABLES: &str = r#"
CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, done INTEGER, count, note TEXT, data TEXT, photo BLOB,
    projectId TEXT, local TEXT DEFAULT 'mine');
CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
CREATE TABLE join_todos_tags_tags ("from" TEXT, "to" TEXT, "order" REAL);
"#;

/// Three tags for [`TABLES`].
pub const THREE_TAGS: &str = "INSERT INTO tags (id) VALUES ('a'), ('b'), ('c')";

/// Rows of every resource for [`TABLES`], among them a record with every type and one of NULLs.
pub const MIXED_ROWS: &str = "INSERT INTO projects VALUES ('p', 'P'); INSERT INTO tags VALUES ('g', 'G'), ('h', 'H');
    INSERT INTO todos (id, title, done, count, data, photo, projectId)
        VALUES ('t', 'A', 1, 9007199254740993, '{\"x\":[1.5]}', x'00ff', 'p'), ('u', NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO join_todos_tags_tags VALUES ('t', 'g', 1), ('t', 'h', 2)";

/// The shape of the Chinook sample: integer keys, references, a link table, a hierarchy.
pub const CHINOOK: &str = "
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY NOT NULL, Name NVARCHAR(120));
CREATE TABLE Album (AlbumId INTEGER PRIMARY KEY NOT NULL, Title NVARCHAR(160) NOT NULL,
    ArtistId INTEGER NOT NULL REFERENCES Artist (ArtistId));
CREATE TABLE Track (TrackId INTEGER PRIMARY KEY NOT NULL, Name NVARCHAR(200) NOT NULL,
    AlbumId INTEGER REFERENCES Album (AlbumId), Milliseconds INTEGER NOT NULL, UnitPrice NUMERIC(10,2) NOT NULL,
    Seconds INTEGER GENERATED ALWAYS AS (Milliseconds / 1000));
CREATE TABLE Playlist (PlaylistId INTEGER PRIMARY KEY NOT NULL, Name NVARCHAR(120));
CREATE TABLE PlaylistTrack (PlaylistId INTEGER NOT NULL REFERENCES Playlist (PlaylistId),
    TrackId INTEGER NOT NULL REFERENCES Track (TrackId), CONSTRAINT PK PRIMARY KEY (PlaylistId, TrackId));
CREATE TABLE Employee (EmployeeId INTEGER PRIMARY KEY NOT NULL, LastName NVARCHAR(20) NOT NULL,
    ReportsTo INTEGER REFERENCES Employee (EmployeeId), BirthDate DATETIME);
CREATE VIEW Loud AS SELECT * FROM Track;
INSERT INTO Artist VALUES (1, 'AC/DC'), (2, 'Accept'), (10, 'Billy Cobham');
INSERT INTO Album VALUES (1, 'For Those About To Rock', 1), (9, 'Balls to the Wall', 2), (10, 'Big Ones', 2);
INSERT INTO Track VALUES (1, 'For Those About To Rock', 1, 343719, 0.99), (2, 'Balls', 9, 342562, 1), (3, 'Lost', NULL, 1, 0.5);
INSERT INTO Playlist VALUES (1, 'Music'), (2, NULL);
INSERT INTO PlaylistTrack VALUES (1, 1), (1, 2), (2, 2), (2, 1);
INSERT INTO Employee VALUES (1, 'Adams', 2, '1962-02-18 00:00:00'), (2, 'Edwards', NULL, NULL), (3, 'Peacock', 1, NULL);
";

/// The shape of a PowerSync database: records are JSON documents.
pub const POWERSYNC: &str = r#"
CREATE TABLE "ps_data__lists" (id TEXT PRIMARY KEY, data TEXT);
CREATE TABLE "ps_data__todos" (id TEXT PRIMARY KEY, data TEXT);
CREATE TABLE ps_crud (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT);
CREATE TABLE ps_oplog (bucket TEXT, data TEXT);
CREATE VIEW todos AS SELECT id, json_extract(data, '$.title') AS title FROM "ps_data__todos";
INSERT INTO "ps_data__lists" VALUES ('l1', '{"name":"Shopping","owner_id":"u1"}');
INSERT INTO "ps_data__todos" VALUES
    ('t1', '{"title":"Milk","completed":0,"list_id":"l1","tags":"[\"a\"]","position":1.5}'),
    ('t2', '{"title":"Bread","completed":1,"list_id":"l1","tags":null}');
INSERT INTO ps_crud (data) VALUES ('{"op":"PUT","id":"t1"}');
"#;

/// The shape of a WatermelonDB database: bookkeeping columns beside the fields.
pub const WATERMELON: &str = r#"
CREATE TABLE "local_storage" ("key" varchar(16) primary key not null, "value" text not null);
CREATE TABLE "posts" ("id" primary key, "_changed", "_status", "title", "is_pinned", "created_at");
INSERT INTO posts VALUES ('p1', 'title', 'updated', 'Hello', 1, 1700000000000.0), ('p2', '', 'synced', 'World', 0, 1700000000001.0);
"#;
