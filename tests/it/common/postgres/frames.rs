//! As much of PostgreSQL's protocol as a proxy needs: messages of the server, one by one, and the
//! acknowledgement of a COMMIT. Not the connections (`proxy`).

/// The requests for encryption before the first message, for TLS and for GSSAPI: a length of eight
/// bytes and these numbers. The server answers one byte.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// Whether the first bytes of a client ask for encryption.
pub fn asks_for_encryption(first: &[u8]) -> bool {
    let number = first.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    number.is_some_and(|number| ENCRYPTION.contains(&number))
}

/// The length of the first message of the server, as soon as enough of it is here: one byte for the
/// type, four for the length of themselves and of what follows.
pub fn length(read: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(read.get(1..5)?.try_into().unwrap());
    let length = usize::try_from(length).unwrap() + 1;
    (read.len() >= length).then_some(length)
}

/// Whether a message of the server says that a COMMIT is done. The answer to a COMMIT that rolled
/// back says ROLLBACK.
pub fn acknowledges_commit(message: &[u8]) -> bool {
    message.first() == Some(&b'C') && message.get(5..) == Some(b"COMMIT\0")
}
