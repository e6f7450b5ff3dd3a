//! Tables of tools, which an application did not make. Each is recognized by its whole name, because
//! an application may have tables whose names begin in the same way.

/// The prefix of the tables in which PowerSync stores its documents.
pub(super) const POWERSYNC_DATA: &str = "ps_data__";

/// The prefix of the tables in which PowerSync stores documents that it never uploads.
pub(super) const POWERSYNC_LOCAL: &str = "ps_data_local__";

/// The names of tools' own tables, and the tool.
const TABLES: &[(&str, &str)] = &[
    ("__datafn_changelog", "synctool"),
    ("__datafn_cursors", "synctool"),
    ("__datafn_meta", "synctool"),
    ("android_metadata", "Android"),
    ("room_master_table", "Room"),
    ("local_storage", "WatermelonDB"),
    ("ps_buckets", "PowerSync"),
    ("ps_crud", "PowerSync"),
    ("ps_kv", "PowerSync"),
    ("ps_migration", "PowerSync"),
    ("ps_oplog", "PowerSync"),
    ("ps_stream_subscriptions", "PowerSync"),
    ("ps_sync_state", "PowerSync"),
    ("ps_tx", "PowerSync"),
    ("ps_untyped", "PowerSync"),
    ("ps_updated_rows", "PowerSync"),
    ("Z_METADATA", "Core Data"),
    ("Z_MODELCACHE", "Core Data"),
    ("Z_PRIMARYKEY", "Core Data"),
];

/// The tool that a table belongs to; `None` for a table of the application.
#[must_use]
pub fn tool_of(table: &str) -> Option<&'static str> {
    // SQLite keeps other names from beginning like this (https://www.sqlite.org/fileformat2.html).
    if table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_")) {
        return Some("SQLite");
    }
    if table.starts_with(POWERSYNC_LOCAL) {
        return Some("PowerSync, for data that it keeps on this machine");
    }
    TABLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map(|(_, tool)| *tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_whose_name_only_begins_as_a_tools_does_is_the_applications() {
        for name in
            ["ps_product", "local_storage_units", "android_metadata_log", "ps_", "Z_1TAGS", "sqliteish"]
        {
            assert_eq!(tool_of(name), None, "{name}");
        }
        for name in
            ["ps_crud", "PS_CRUD", "local_storage", "android_metadata", "sqlite_stat1", "Z_PRIMARYKEY"]
        {
            assert!(tool_of(name).is_some(), "{name}");
        }
    }
}
