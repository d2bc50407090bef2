//! A state as text: what `ssectld store export` writes and `ssectld store import` reads.
//!
//! The first line says what it is, the last one how much there must be before it; every line between them is a record:
//!
//! ```json
//! {"schema":"ssectl/state","schema_version":1}
//! {"table":"pending","key":"everyone","value":{"version":"1.4.0"}}
//! {"records":1,"crc32":236968709}
//! ```
//!
//! A value is JSON, and stays what it is to the byte. The checksum is over all bytes before the last line.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Contents, StoreError, Table};

const SCHEMA: &str = "ssectl/state";
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    schema: String,
    schema_version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    table: String,
    key: String,
    value: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    records: usize,
    crc32: u32,
}

/// What is wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is none.
    #[error("it is no export of a state: it does not begin with {{\"schema\":\"{SCHEMA}\",…}}")]
    Foreign,
    /// It is of another version.
    #[error("it has schema_version {0}, this ssectld knows {SCHEMA_VERSION}")]
    Version(u32),
    /// Its last line is missing.
    #[error("it has no end: it was cut off")]
    CutOff,
    /// It is not what was written.
    #[error("its checksum is wrong: it was changed after the export, or damaged")]
    Damaged,
    /// A line is wrong.
    #[error("line {0}: {1}")]
    Line(usize, String),
}

/// Returns a state as text.
pub fn write(contents: &Contents) -> Result<String, StoreError> {
    let mut text = line(&Head { schema: SCHEMA.to_owned(), schema_version: SCHEMA_VERSION })?;
    for (table, key, bytes) in &contents.records {
        let value = super::decode(*table, key, bytes)?;
        text.push_str(&line(&Line { table: table.name().to_owned(), key: key.clone(), value })?);
    }
    let end = End { records: contents.records.len(), crc32: crc32fast::hash(text.as_bytes()) };
    text.push_str(&line(&end)?);
    Ok(text)
}

fn line(part: &impl Serialize) -> Result<String, StoreError> {
    let json = serde_json::to_string(part).map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(json + "\n")
}

/// Returns what such a text says, all of it or nothing.
pub fn read(text: &str) -> Result<Contents, Invalid> {
    let first = text.lines().next().unwrap_or_default();
    let head: Head = serde_json::from_str(first).map_err(|_| Invalid::Foreign)?;
    if head.schema != SCHEMA {
        return Err(Invalid::Foreign);
    }
    if head.schema_version != SCHEMA_VERSION {
        return Err(Invalid::Version(head.schema_version));
    }
    let whole = text.strip_suffix('\n').ok_or(Invalid::CutOff)?;
    let (before, last) = whole.split_at(whole.rfind('\n').map_or(0, |at| at + 1));
    let end: End = serde_json::from_str(last).map_err(|_| Invalid::CutOff)?;
    if crc32fast::hash(before.as_bytes()) != end.crc32 {
        return Err(Invalid::Damaged);
    }
    let (mut records, mut seen) = (Vec::new(), HashSet::new());
    for (number, line) in before.lines().enumerate().skip(1) {
        let wrong = |why: String| Invalid::Line(number + 1, why);
        let Line { table, key, value } =
            serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let known = Table::ALL.into_iter().find(|known| known.name() == table);
        let table = known.ok_or_else(|| wrong(format!("this ssectld knows no table {table:?}")))?;
        if !seen.insert((table, key.clone())) {
            return Err(wrong(format!("the record {key:?} of {} is there twice", table.name())));
        }
        records.push((table, key, value.get().as_bytes().to_vec()));
    }
    if records.len() != end.records {
        return Err(Invalid::Damaged);
    }
    Ok(Contents { records, commits: 0, closed: true })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contents(records: &[(Table, &str, &str)]) -> Contents {
        let record = |(table, key, value): &(Table, &str, &str)| {
            (*table, (*key).to_owned(), value.as_bytes().to_vec())
        };
        Contents { records: records.iter().map(record).collect(), commits: 0, closed: true }
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let text =
            write(&contents(&[(Table::Pending, "everyone", r#"{"version":"1.4.0"}"#)])).expect("written");
        assert_eq!(
            text,
            "{\"schema\":\"ssectl/state\",\"schema_version\":1}\n\
             {\"table\":\"pending\",\"key\":\"everyone\",\"value\":{\"version\":\"1.4.0\"}}\n\
             {\"records\":1,\"crc32\":236968709}\n"
        );
        assert!(
            include_str!("archive.rs").contains(text.lines().last().expect("a line")),
            "and so it is above"
        );
    }

    #[test]
    fn what_is_no_whole_export_is_refused_by_name() {
        let good = write(&contents(&[(Table::Tasks, "a", "1"), (Table::Tasks, "b", "2")])).expect("written");
        assert_eq!(read(""), Err(Invalid::Foreign));
        assert_eq!(read("{}\n"), Err(Invalid::Foreign));
        assert_eq!(read(&good.replace("ssectl/state", "ssectl/tasks")), Err(Invalid::Foreign));
        assert_eq!(read(&good.replace("_version\":1", "_version\":2")), Err(Invalid::Version(2)));
        assert_eq!(read(&good.replace("\"value\":2", "\"value\":3")), Err(Invalid::Damaged));
        let resealed = |body: &str, count: usize| {
            read(&format!("{body}{{\"records\":{count},\"crc32\":{}}}\n", crc32fast::hash(body.as_bytes())))
        };
        let (body, _) = good.split_at(good[..good.len() - 1].rfind('\n').expect("lines") + 1);
        assert_eq!(resealed(body, 1), Err(Invalid::Damaged));
        for (from, to, why) in [
            ("tasks", "nonsense", "no table"),
            ("\"b\"", "\"a\"", "there twice"),
            ("\"value\":2", "\"value\":2,\"more\":1", "unknown field"),
            ("\"value\":2", "\"value\":", "expected"),
        ] {
            match resealed(&body.replace(from, to), 2) {
                Err(Invalid::Line(_, said)) => assert!(said.contains(why), "{said}"),
                other => panic!("{to}: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same_and_no_part_of_it_is(
            records in proptest::collection::btree_map((0..Table::ALL.len(), ".{0,9}"), ".{0,9}", 0..9),
            cut in any::<proptest::sample::Index>(),
        ) {
            let records = records.into_iter().map(|((table, key), value)| {
                (Table::ALL[table], key, serde_json::to_vec(&value).expect("JSON"))
            });
            let contents = Contents { records: records.collect(), commits: 0, closed: true };
            let text = write(&contents).expect("written");
            prop_assert_eq!(read(&text), Ok(contents));
            let mut at = cut.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            prop_assert!(read(&text[..at]).is_err());
        }
    }
}
