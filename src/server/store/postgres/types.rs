//! How values of the store become values of PostgreSQL.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::server::shared_text::SharedText;

impl ToSql for SharedText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(self.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        // Keys are bytes, which are compared in byte order everywhere, and may be any text.
        matches!(*of, Type::BYTEA | Type::TEXT)
    }

    to_sql_checked!();
}
