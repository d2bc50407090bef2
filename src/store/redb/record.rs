//! How a record's bytes are sealed: a format byte, a checksum over table, key and bytes, the bytes.

use super::Table;

const FORMAT: u8 = 1;
const HEAD: usize = 5;

pub(super) fn seal(table: Table, key: &str, bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEAD + bytes.len());
    value.push(FORMAT);
    value.extend_from_slice(&checksum(table, key, bytes).to_le_bytes());
    value.extend_from_slice(bytes);
    value
}

pub(super) fn open(table: Table, key: &str, value: &[u8]) -> Result<Vec<u8>, &'static str> {
    match value {
        [FORMAT, a, b, c, d, bytes @ ..] => {
            if u32::from_le_bytes([*a, *b, *c, *d]) == checksum(table, key, bytes) {
                Ok(bytes.to_vec())
            } else {
                Err("is damaged: its checksum is wrong")
            }
        }
        [format, ..] if *format > FORMAT => Err("was written by a newer ssectld"),
        _ => Err("is damaged: it is no record"),
    }
}

/// The table and the key are part of it: a record that turns up elsewhere is no record.
fn checksum(table: Table, key: &str, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in [table.name().as_bytes(), key.as_bytes(), bytes] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_here_opens() {
        let value = seal(Table::Tasks, "k", b"bytes");
        assert_eq!(open(Table::Tasks, "k", &value).as_deref(), Ok(&b"bytes"[..]));
        assert!(open(Table::Pending, "k", &value).is_err());
        assert!(open(Table::Tasks, "l", &value).is_err());
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(Table::Tasks, "k", &flipped).is_err(), "bit {bit}");
        }
        for end in 0..value.len() {
            assert!(open(Table::Tasks, "k", &value[..end]).is_err(), "cut at {end}");
        }
    }
}
