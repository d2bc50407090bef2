//! A state that no daemon uses: looked at without changing anything, or made anew out of records.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

use super::{
    file::{self, Marker, StateFiles},
    read,
};
use crate::store::{Change, Contents, StoreError, Table};

/// What becomes of a state that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: it is refused to make another one.
    Stays,
    /// It is put aside, under another name.
    PutAside,
}

impl StateFiles {
    /// Reads everything, checked as at the start of a daemon, on a copy in memory: nothing is changed, not even
    /// repaired after a crash.
    pub(super) fn examine(&self) -> Result<Contents, StoreError> {
        let there =
            self.file.try_exists().map_err(|error| self.refuse(&self.file, &file::io_reason(&error)))?;
        let marker = match File::open(&self.marker) {
            Ok(marker) => Some(self.lock(marker)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(self.refuse(&self.marker, &file::io_reason(&error))),
        };
        let text = marker.as_ref().map_or("", |marker| marker.text.as_str());
        match (there, text) {
            (true, _) => {}
            (false, "") => return Err(StoreError::Nothing(self.dir.display().to_string())),
            (false, _) => return Err(self.missing()),
        }
        self.size()?;
        let closed_at = file::closed_at(text);
        self.careful(|| {
            let database = self.copy(closed_at)?;
            let mut records = Vec::new();
            for table in Table::ALL {
                let found = read(&database, table)?;
                records.extend(found.into_iter().map(|(key, bytes)| (table, key, bytes)));
            }
            let commits = file::about(&database, file::COMMITS).map_err(|error| error.to_string())?;
            Ok(Contents { records, commits: commits.unwrap_or(0), closed: closed_at.is_some() })
        })
    }

    /// Makes a state of these records. Returns where the one that was there is now.
    pub(super) fn found(
        &self,
        contents: &Contents,
        existing: Existing,
    ) -> Result<Option<PathBuf>, StoreError> {
        self.vacant(existing)?;
        self.make_dir().map_err(|error| self.refuse(&self.dir, &file::io_reason(&error)))?;
        let Marker { file: mut marker, text } = self.take()?;
        self.vacant(existing)?;
        let puts: Vec<_> = contents
            .records
            .iter()
            .map(|(table, key, bytes)| Change::Put(*table, key.clone(), bytes.clone()))
            .collect();
        let failed =
            |error: &dyn std::fmt::Display| self.refuse(&self.file, &format!("it cannot be made: {error}"));
        let fresh = self.prepare(&puts).map_err(|error| failed(&error))?;
        let aside = self.put_aside().map_err(|error| failed(&error))?;
        let named = self
            .mark_open(&mut marker)
            .and_then(|()| fs::rename(&fresh, &self.file).map_err(|error| failed(&error)));
        if named.is_err() {
            // What was there is there still, and what the marker says of it is to hold again, if it can be written.
            let _ = file::write(&mut marker, &text);
            let _ = aside.map(fs::remove_file);
            return named.map(|()| None);
        }
        file::sync_dir(&self.dir).map_err(|error| failed(&error))?;
        let commits = u64::from(!puts.is_empty());
        file::mark(&mut marker, &file::closed_with(commits)).map_err(|error| failed(&error))?;
        Ok(aside)
    }

    fn vacant(&self, existing: Existing) -> Result<(), StoreError> {
        if existing == Existing::Stays && self.file.exists() {
            return Err(StoreError::Occupied(self.dir.display().to_string()));
        }
        Ok(())
    }

    /// Gives the file a second name, under which it stays when the first one is given away.
    fn put_aside(&self) -> io::Result<Option<PathBuf>> {
        if !self.file.exists() {
            return Ok(None);
        }
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut aside = self.file.with_extension(format!("redb.{now}"));
        for number in 1.. {
            match fs::hard_link(&self.file, &aside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    aside = self.file.with_extension(format!("redb.{now}-{number}"));
                }
                done => return done.map(|()| Some(aside)),
            }
        }
        Ok(None)
    }
}
