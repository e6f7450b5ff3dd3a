//! Clones of mapped layouts (contract 1.1): tables, keys and values are those of the file that was
//! uploaded. Not random databases (`property`).

use serde_json::json;
use synctool::offline::{Database, Snapshot, introspect};

use super::round_trip::{RoundTrip, clone, dump};
use crate::common::{CHINOOK, Offline, mutation, push};

/// Every layout at once: integer keys with references, a join table, a key of several columns, BLOBs, row
/// ids, documents, and marked rows.
const SCHEMA: &str = r#"{
  "resources": [
    {"name": "artists", "storage": {"table": "Artist", "id": "ArtistId", "idFormat": "artist:{}"},
     "fields": [{"name": "name", "type": "string", "column": "Name"}]},
    {"name": "albums", "storage": {"table": "Album", "id": "AlbumId", "idFormat": "album:{}"},
     "fields": [{"name": "title", "type": "string", "required": true, "column": "Title"},
       {"name": "artistId", "type": "string", "column": "ArtistId"}, {"name": "isLive", "type": "boolean"},
       {"name": "price", "type": "number", "nullable": true}, {"name": "released", "type": "date"},
       {"name": "notes", "type": "json"}, {"name": "cover", "type": "file"}]},
    {"name": "playlists", "storage": {"table": "Playlist", "id": "PlaylistId", "idFormat": "{}"},
     "fields": [{"name": "name", "type": "string", "nullable": true}]},
    {"name": "readings", "storage": {"table": "Reading", "id": ["sensor", "at"]},
     "fields": [{"name": "value", "type": "number"}, {"name": "sensor", "type": "string"}]},
    {"name": "devices", "storage": {"table": "Device", "id": "uuid", "idFormat": "device:{}"},
     "fields": [{"name": "name", "type": "string"}]},
    {"name": "logins", "fields": [{"name": "device", "type": "string"}]},
    {"name": "lines", "storage": {"table": "Log", "id": "rowid", "idFormat": "line:{}"},
     "fields": [{"name": "text", "type": "string"}]},
    {"name": "notes", "storage": {"table": "ps_data__notes", "document": "data"},
     "fields": [{"name": "title", "type": "string"}, {"name": "isDone", "type": "boolean"},
       {"name": "tags", "type": "json"}, {"name": "album", "type": "string"}]},
    {"name": "posts", "storage": {"deletedWhen": {"column": "_status", "values": ["deleted"]}},
     "fields": [{"name": "title", "type": "string"}]},
    {"name": "audit", "isRemoteOnly": true, "fields": []}
  ],
  "relations": [
    {"type": "many-one", "from": "albums", "to": "artists", "relation": "artist", "fkField": "artistId"},
    {"type": "many-one", "from": "logins", "to": "devices", "relation": "by", "fkField": "device"},
    {"type": "many-one", "from": "notes", "to": "albums", "relation": "about", "fkField": "album"},
    {"type": "many-many", "from": "playlists", "to": "albums", "relation": "albums",
     "storage": {"table": "PlaylistAlbum", "from": "PlaylistId", "to": "AlbumId"},
     "metadata": [{"name": "position", "type": "number"}]},
    {"type": "many-many", "from": "devices", "to": "devices", "relation": "pairs",
     "storage": {"table": "Pair", "from": "a", "to": "b"}},
    {"type": "many-many", "from": "notes", "to": "posts", "relation": "links"}
  ]
}"#;

/// The seed file, with the columns that a clone makes.
const TABLES: &str = "
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY, Name TEXT);
CREATE TABLE Album (AlbumId INTEGER PRIMARY KEY, Title TEXT, ArtistId, isLive INTEGER, price, released, notes TEXT,
    cover BLOB);
CREATE TABLE Playlist (PlaylistId INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE PlaylistAlbum (PlaylistId, AlbumId, position, PRIMARY KEY (PlaylistId, AlbumId));
CREATE TABLE Reading (sensor TEXT, at INTEGER, value, PRIMARY KEY (sensor, at));
CREATE TABLE Device (uuid BLOB PRIMARY KEY, name TEXT);
CREATE TABLE Pair (a BLOB, b BLOB, PRIMARY KEY (a, b));
CREATE TABLE logins (id TEXT PRIMARY KEY, device);
CREATE TABLE Log (text TEXT);
CREATE TABLE ps_data__notes (id TEXT PRIMARY KEY, data TEXT);
CREATE TABLE posts (id TEXT PRIMARY KEY, title TEXT, _status TEXT, _changed TEXT);
CREATE TABLE join_notes_links_posts (\"from\" TEXT, \"to\" TEXT, PRIMARY KEY (\"from\", \"to\"));";

const ROWS: &str = r#"
INSERT INTO Artist VALUES (-3, NULL), (1, 'AC/DC'), (2, 'Ümlaut "x"'), (9223372036854775807, '');
INSERT INTO Album VALUES (1, 'One', 1, 1, 0.5, '1970-01-01', '{"a":[1,2.5,null]}', x'00ff'),
    (10, 'Ten', 2, 0, 9007199254740993, 1700000000000, '[]', x''), (9, 'Nine', NULL, NULL, NULL, NULL, NULL, NULL),
    (11, 'Eleven', -3, 0, 1e21, 0.25, '"text"', x'616263');
INSERT INTO Playlist VALUES (1, 'Music'), (2, NULL);
INSERT INTO PlaylistAlbum VALUES (1, 1, 1), (1, 9, 2.5), (2, 10, NULL);
INSERT INTO Reading VALUES ('a', 17, 1.5), ('a:b', 17, 2), ('7', -1, NULL);
INSERT INTO Device VALUES (x'00ff', 'x'), (x'12', 'digits'), (x'abcdef0123456789abcdef0123456789', NULL);
INSERT INTO Pair VALUES (x'00ff', x'12'), (x'12', x'00ff');
INSERT INTO logins VALUES ('l1', x'00ff'), ('l2', x'12'), ('l3', NULL);
INSERT INTO Log (rowid, text) VALUES (1, 'first'), (7, 'seventh');
INSERT INTO ps_data__notes VALUES ('n1', '{"album":10,"isDone":1,"tags":["a"],"title":"T"}'), ('n2', '{"title":"U"}');
INSERT INTO posts VALUES ('p1', 'Hello', 'synced', NULL), ('p2', NULL, 'synced', NULL);
INSERT INTO join_notes_links_posts VALUES ('n1', 'p1'), ('n2', 'p2');"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_layout_comes_back_as_it_was_uploaded_through_both_dialects() {
    let trip = RoundTrip::new(SCHEMA, &format!("{TABLES}{ROWS}")).await;
    let outcome = trip.clone_and_check("first.db", None).await;
    let expected = dump(&trip.seed.path());
    assert_eq!(dump(&trip.path("first.db")), expected);
    assert_eq!(outcome.stats.resources[1], ("albums".to_owned(), 4));
    assert_eq!(
        serde_json::to_value(&outcome.stats).unwrap()["joinStores"],
        json!({"join_devices_pairs_devices": {"rows": 2}, "join_notes_links_posts": {"rows": 2},
            "join_playlists_albums_albums": {"rows": 3}})
    );
    // A page of one change finds the first keys later, and some tables made after others.
    trip.clone_and_check("second.db", Some(1)).await;
    assert_eq!(dump(&trip.path("second.db")), expected);
    let scripted = trip.second_dialect(7).await;
    let outcome = clone(&trip.path("third.db"), scripted.base(), &trip.schema, None).await;
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(dump(&trip.path("third.db")), expected);
    trip.check(&trip.path("third.db")).await;
}

/// A classic database with integer keys, references, a link table and a hierarchy, with the schema that is
/// inferred for it.
#[tokio::test(flavor = "multi_thread")]
async fn chinook_comes_back_as_it_was_uploaded() {
    let seed = Offline::new(CHINOOK);
    let snapshot = Snapshot::take(&Database::open(&seed.path()).unwrap()).unwrap();
    let schema = serde_json::to_string(&introspect::infer(&snapshot).unwrap()).unwrap();
    drop(snapshot);
    let trip = RoundTrip::of(&schema, seed).await;
    // It is computed, and no field.
    trip.seed.execute("ALTER TABLE Track DROP COLUMN Seconds");
    for (name, limit) in [("small.db", Some(1)), ("large.db", None)] {
        trip.clone_and_check(name, limit).await;
        assert_eq!(dump(&trip.path(name)), dump(&trip.seed.path()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_have_the_types_of_the_schema_and_the_keys_of_the_first_ids() {
    let trip = RoundTrip::new(SCHEMA, &format!("{TABLES}{ROWS}")).await;
    trip.clone_and_check("copy.db", None).await;
    let connection = rusqlite::Connection::open(trip.path("copy.db")).unwrap();
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name <> 'sqlite_sequence' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let tables = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let tables: Vec<_> = tables.map(Result::unwrap).collect();
    insta::assert_snapshot!(tables.join("\n"), @r#"
    CREATE TABLE "Album" ("AlbumId" INTEGER PRIMARY KEY, "Title" TEXT, "ArtistId", "isLive" INTEGER, "price", "released", "notes" TEXT, "cover" BLOB)
    CREATE TABLE "Artist" ("ArtistId" INTEGER PRIMARY KEY, "Name" TEXT)
    CREATE TABLE "Device" ("uuid" BLOB PRIMARY KEY NOT NULL, "name" TEXT)
    CREATE TABLE "Log" ("text" TEXT)
    CREATE TABLE "Pair" ("a" BLOB NOT NULL, "b" BLOB NOT NULL, PRIMARY KEY ("a", "b"))
    CREATE TABLE "Playlist" ("PlaylistId" INTEGER PRIMARY KEY, "name" TEXT)
    CREATE TABLE "PlaylistAlbum" ("PlaylistId" INTEGER NOT NULL, "AlbumId" INTEGER NOT NULL, "position", PRIMARY KEY ("PlaylistId", "AlbumId"))
    CREATE TABLE "Reading" ("sensor" TEXT NOT NULL, "at" INTEGER NOT NULL, "value", PRIMARY KEY ("sensor", "at"))
    CREATE TABLE "join_notes_links_posts" ("from" TEXT NOT NULL, "to" TEXT NOT NULL, PRIMARY KEY ("from", "to"))
    CREATE TABLE "logins" ("id" TEXT PRIMARY KEY NOT NULL, "device")
    CREATE TABLE "posts" ("id" TEXT PRIMARY KEY NOT NULL, "title" TEXT, "_status" TEXT, "_changed" TEXT)
    CREATE TABLE "ps_data__notes" ("id" TEXT PRIMARY KEY NOT NULL, "data" TEXT)
    "#);
    // Keys of new rows are assigned by SQLite.
    connection.execute("INSERT INTO Playlist (name) VALUES ('new')", []).unwrap();
    assert_eq!(connection.last_insert_rowid(), 3);
    let status = "SELECT DISTINCT _status FROM posts";
    assert_eq!(connection.query_row(status, [], |row| row.get::<_, String>(0)).unwrap(), "synced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_kind_than_the_first_makes_the_table_anew_with_all_its_rows() {
    let schema = r#"{"resources": [
        {"name": "a", "storage": {"id": "k", "idFormat": "a:{}"}, "fields": [{"name": "t", "type": "string"}]},
        {"name": "b", "storage": {"id": ["k", "l"]}, "fields": [{"name": "t", "type": "string"}]},
        {"name": "c", "storage": {"id": "rowid", "idFormat": "c:{}"}, "fields": [{"name": "t", "type": "string"}]},
        {"name": "d", "fields": [{"name": "a", "type": "string"}]}],
      "relations": [{"type": "many-one", "from": "d", "to": "a", "relation": "of", "fkField": "a"},
        {"type": "many-many", "from": "a", "to": "a", "relation": "r", "storage": {"table": "j", "from": "f", "to": "t"}}]}"#;
    let sql = "CREATE TABLE a (k PRIMARY KEY, t TEXT); CREATE TABLE b (k, l, t TEXT, PRIMARY KEY (k, l));
        CREATE TABLE c (t TEXT); CREATE TABLE d (id TEXT PRIMARY KEY, a); CREATE TABLE j (f, t, PRIMARY KEY (f, t));
        INSERT INTO a VALUES (1, 'x'), (20, 'y'), ('007', 'zero'), ('z', 'text'), (3, NULL);
        INSERT INTO b VALUES (1, 2, 'x'), (1, 'two', 'y'), ('1.5', 2, 'z'), ('one', 2, 'z');
        INSERT INTO c (rowid, t) VALUES (5, 'five');
        INSERT INTO d VALUES ('d1', 1), ('d2', '007'), ('d3', 'z');
        INSERT INTO j VALUES (1, 20), (1, 'z'), ('007', 1)";
    let trip = RoundTrip::new(schema, sql).await;
    // In pages of one change, some of which are the first of a kind; and in one page.
    for (name, limit) in [("small.db", Some(1)), ("large.db", None)] {
        trip.clone_and_check(name, limit).await;
        assert_eq!(dump(&trip.path(name)), dump(&trip.seed.path()), "{name}");
    }
    // Another client has an id that no row id can make.
    let record = json!({"resource": "c", "id": "c:new", "record": {"t": "other"}});
    push(&trip.server, &[mutation("m", &record)]).await;
    let outcome = clone(&trip.path("last.db"), trip.server.base(), &trip.schema, Some(2)).await;
    assert!(outcome.ok, "{outcome:?}");
    let connection = rusqlite::Connection::open(trip.path("last.db")).unwrap();
    let mut statement =
        connection.prepare("SELECT rowid || ' ' || typeof(rowid) || ' ' || t FROM c").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(rows.map(Result::unwrap).collect::<Vec<_>>(), ["5 integer five", "new text other"]);
}
