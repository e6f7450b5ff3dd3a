//! Identities of uploads: a hash of everything that decides which mutations one consists of, and where
//! they go (contract 3.6), to which its checkpoint belongs; and what the parts of a staged upload have in
//! common (contract 3.7). The checkpoint is in [`super::checkpoint`], the parts in
//! [`super::ended_parts`].

use std::num::NonZeroU64;

use serde::Serialize;

use crate::cloneup::options::Options;
use crate::cloneup::stage::Stage;
use crate::remote::Remote;
use crate::schema::Schema;

/// What an upload is identified by. Its JSON is hashed, so a field that is added or renamed makes
/// every earlier checkpoint another upload's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parts<'a> {
    /// A hash of the address, the headers and the token.
    destination: &'a str,
    client_id: &'a str,
    /// A hash of the schema.
    schema: &'a str,
    resources: Option<&'a [String]>,
    include_many_many: bool,
    include_deletes: bool,
    record_operation: &'a str,
    batch_size: usize,
    mutation_id_prefix: &'a str,
    #[serde(flatten)]
    stage: Stage,
    /// Not there without a limit, so that earlier checkpoints keep their identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

/// The identity, as a hash in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadIdentity(String);

impl UploadIdentity {
    pub(crate) fn new(remote: &Remote, client_id: &str, schema: &Schema, options: &Options) -> Self {
        let parts = Parts {
            destination: remote.fingerprint(),
            client_id,
            schema: &schema.fingerprint,
            resources: options.resources.as_deref(),
            include_many_many: options.include_many_many,
            include_deletes: options.include_deletes,
            record_operation: options.operation(true).as_str(),
            batch_size: options.batch_size.get(),
            mutation_id_prefix: &options.mutation_id_prefix,
            stage: options.stage,
            limit: options.limit.map(NonZeroU64::get),
        };
        Self(hash(&parts))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the parts of a staged upload have in common: server, client, and what is uploaded. How it is sent
/// may differ from part to part, and credentials may expire between them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Staged<'a> {
    destination: &'a str,
    store_id: Option<&'a str>,
    client_id: &'a str,
    schema: &'a str,
    resources: Option<&'a [String]>,
    include_many_many: bool,
    include_deletes: bool,
}

/// The identity of a staged upload, as a hash in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StagedIdentity(String);

impl StagedIdentity {
    /// `store_id` is the id of the server's store, where it has one.
    pub(crate) fn new(
        remote: &Remote,
        client_id: &str,
        store_id: Option<&str>,
        schema: &Schema,
        options: &Options,
    ) -> Self {
        Self(hash(&Staged {
            destination: remote.destination(),
            store_id,
            client_id,
            schema: &schema.fingerprint,
            resources: options.resources.as_deref(),
            include_many_many: options.include_many_many,
            include_deletes: options.include_deletes,
        }))
    }

    /// Any identity, for tests.
    #[cfg(test)]
    pub(super) fn of_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The hash of an identity's JSON.
fn hash(parts: &impl Serialize) -> String {
    let json = serde_json::to_vec(parts).expect("strings and numbers serialize");
    blake3::hash(&json).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::mutation::{RecordOperation, Shard};
    use crate::remote::RemoteConfig;
    use crate::secret::Secret;

    fn identity(
        config: impl FnOnce(&mut RemoteConfig),
        options: impl FnOnce(&mut Options),
    ) -> UploadIdentity {
        let schema = Schema::parse(r#"{"resources": []}"#).unwrap();
        let (mut remote, mut given) = (RemoteConfig::new("http://h"), Options::default());
        config(&mut remote);
        options(&mut given);
        UploadIdentity::new(&Remote::new(&remote).unwrap(), "c", &schema, &given)
    }

    #[test]
    fn the_destination_and_every_option_that_changes_mutations_are_part_of_it() {
        let all = [
            identity(|_| {}, |_| {}),
            identity(|config| config.base = "http://h?tenant=b".to_owned(), |_| {}),
            identity(|config| config.headers = vec![("X-Tenant".to_owned(), "b".to_owned())], |_| {}),
            identity(|config| config.token = Some(Secret::new("b")), |_| {}),
            identity(|_| {}, |options| options.resources = Some(vec!["a".to_owned()])),
            identity(|_| {}, |options| options.include_many_many = false),
            identity(|_| {}, |options| options.include_deletes = false),
            identity(|_| {}, |options| options.record_operation = Some(RecordOperation::Replace)),
            identity(|_| {}, |options| options.batch_size = 7.try_into().unwrap()),
            identity(|_| {}, |options| options.mutation_id_prefix = "other".to_owned()),
            identity(|_| {}, |options| options.stage = Stage::Records),
            identity(|_| {}, |options| options.stage = Stage::Shard(Shard::new(1, 2).unwrap())),
            identity(|_| {}, |options| options.limit = 7.try_into().ok()),
        ];
        assert_eq!(all.iter().map(UploadIdentity::as_str).collect::<HashSet<_>>().len(), all.len());
        assert_eq!(identity(|_| {}, |_| {}), all[0]);
        assert_eq!(identity(|_| {}, |options| options.max_retries = 9), all[0]);
    }
}
