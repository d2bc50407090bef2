//! What of a list is asked for: which items, in what order, how many. Said on the command line and in the query of
//! a list's path, `?filter=age>2h&sort=-age&limit=10`; carried out by the daemon, so that what is not wanted is not
//! sent.
//!
//! | filter | keeps items whose field |
//! |---|---|
//! | `state=live`, `state!=live` | is that, is not that; nothing after the sign: has no value |
//! | `user_agent~Firefox`, `user_agent!~Firefox` | contains that, in whatever case; does not |
//! | `age>2h`, `age<=90s`, `sequence>=10`, `queued>10k`, `progress<50%` | is more or less; where there is no value: no |
//!
//! Several filters must all hold.

mod fields;
mod query;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, cmp::Ordering, fmt, str::FromStr};

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use fields::Rank;
pub use fields::{Field, Kind, Listed};
pub(in crate::control) use query::{ClusterQuery, ListQuery};

/// The most filters, and the most fields to sort by.
const MOST: usize = 32;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The first decides, the next where that is equal.
    pub sort: Vec<SortKey>,
    /// How many at most.
    pub limit: Option<usize>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    field: String,
    sign: Sign,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Is,
    IsNot,
    Has,
    HasNot,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Longer ones first: each is looked for where the field's name ends.
const SIGNS: [(&str, Sign); 8] = [
    ("!=", Sign::IsNot),
    ("!~", Sign::HasNot),
    ("<=", Sign::AtMost),
    (">=", Sign::AtLeast),
    ("=", Sign::Is),
    ("~", Sign::Has),
    ("<", Sign::Less),
    (">", Sign::More),
];

/// A field to sort by, `age`; `-age`: largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    field: String,
    order: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// Why nothing can be listed that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidListing {
    /// A filter without a sign.
    #[error("{0:?} is no filter: write state=live, user_agent~Firefox or age>2h")]
    Filter(String),
    /// A field that the items do not have.
    #[error("there is no field {0:?}: the fields are {1}")]
    Field(String, String),
    /// A value that does not go with the field.
    #[error("{value:?} does not go with {field}: write {form}")]
    Value {
        /// The field.
        field: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        form: &'static str,
    },
    /// No number.
    #[error("a limit is a number of items, not {0:?}")]
    Limit(String),
    /// Too much at once.
    #[error("at most {MOST} filters, and as many fields to sort by")]
    TooMany,
}

impl FromStr for Filter {
    type Err = InvalidListing;

    fn from_str(text: &str) -> Result<Self, InvalidListing> {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        let (field, rest) = text.split_at(end);
        let found = SIGNS.iter().find_map(|(word, sign)| Some((*sign, rest.strip_prefix(word)?)));
        match found {
            Some((sign, value)) if !field.is_empty() => {
                Ok(Self { field: field.to_owned(), sign, value: value.to_owned() })
            }
            _ => Err(InvalidListing::Filter(text.to_owned())),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = SIGNS.iter().find(|(_, sign)| *sign == self.sign).map_or("", |(word, _)| *word);
        write!(f, "{}{sign}{}", self.field, self.value)
    }
}

impl FromStr for SortKey {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('-') {
            Some(field) => Self { field: field.to_owned(), order: Direction::Down },
            None => Self { field: text.to_owned(), order: Direction::Up },
        })
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.order == Direction::Down { "-" } else { "" }, self.field)
    }
}

impl Listing {
    /// Reads the query of a list's path; other names in it are left to others.
    pub fn from_query(query: &str) -> Result<Self, InvalidListing> {
        let mut listing = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
            match name {
                "filter" => listing.filters.push(value.parse()?),
                "sort" => listing.sort.extend(value.split(',').flat_map(str::parse)),
                "limit" => {
                    listing.limit = Some(value.parse().map_err(|_| InvalidListing::Limit(value))?);
                }
                _ => {}
            }
        }
        let few = listing.filters.len() <= MOST && listing.sort.len() <= MOST;
        few.then_some(listing).ok_or(InvalidListing::TooMany)
    }

    /// Returns it as a query.
    pub fn to_query(&self) -> String {
        let filters = self.filters.iter().map(|filter| ("filter", filter.to_string()));
        let sort = self.sort.iter().map(|key| ("sort", key.to_string()));
        let limit = self.limit.iter().map(|limit| ("limit", limit.to_string()));
        let pair = |(name, value): (&str, String)| {
            format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC))
        };
        filters.chain(sort).chain(limit).map(pair).collect::<Vec<_>>().join("&")
    }

    /// Returns whether a filter asks for this very value of a field.
    pub fn asks_for(&self, field: &str, value: &str) -> bool {
        self.filters
            .iter()
            .any(|filter| filter.field == field && filter.sign == Sign::Is && filter.value == value)
    }

    /// Returns the items that were asked for, and how many there were before the limit.
    pub fn apply<T: Listed>(&self, items: Vec<T>, now: Timestamp) -> Result<(Vec<T>, usize), InvalidListing> {
        self.arranged(T::FIELDS, items, encoded, now)
    }

    /// Returns the same of items that have these fields and are JSON already.
    #[cfg(feature = "daemon")]
    pub(crate) fn apply_to(
        &self,
        fields: &'static [Field],
        items: Vec<Value>,
        now: Timestamp,
    ) -> Result<(Vec<Value>, usize), InvalidListing> {
        self.arranged(fields, items, |item| Cow::Borrowed(item), now)
    }

    fn arranged<T>(
        &self,
        fields: &'static [Field],
        items: Vec<T>,
        json: fn(&T) -> Cow<'_, Value>,
        now: Timestamp,
    ) -> Result<(Vec<T>, usize), InvalidListing> {
        let tests = self.tests(fields)?;
        let keys = self.sort.iter().map(|key| Ok((find(fields, &key.field)?, key.order)));
        let keys = keys.collect::<Result<Vec<_>, InvalidListing>>()?;
        let mut items = items;
        if !(tests.is_empty() && keys.is_empty()) {
            let mut kept: Vec<(Vec<Rank>, T)> = Vec::new();
            for item in items {
                let json = json(&item);
                if tests.iter().all(|test| test.holds(&json, now)) {
                    let ranks = keys.iter().map(|(field, _)| field.rank(&json, now)).collect();
                    drop(json);
                    kept.push((ranks, item));
                }
            }
            kept.sort_by(|(one, _), (two, _)| compare(one, two, &keys));
            items = kept.into_iter().map(|(_, item)| item).collect();
        }
        let total = items.len();
        items.truncate(self.limit.unwrap_or(total));
        Ok((items, total))
    }

    /// Refuses filters that do not go with items of this kind.
    pub fn check<T: Listed>(&self) -> Result<(), InvalidListing> {
        self.tests(T::FIELDS).map(drop)
    }

    /// Returns whether all filters hold of an item; none do that do not go with it.
    pub fn admits<T: Listed>(&self, item: &T, now: Timestamp) -> bool {
        if self.filters.is_empty() {
            return true;
        }
        let json = serde_json::to_value(item).unwrap_or_default();
        self.tests(T::FIELDS).is_ok_and(|tests| tests.iter().all(|test| test.holds(&json, now)))
    }

    fn tests(&self, fields: &'static [Field]) -> Result<Vec<Test<'_>>, InvalidListing> {
        self.filters.iter().map(|filter| filter.test(fields)).collect()
    }

    /// Returns what each of several lists is asked for, so that what is wanted of all of them together is among it. They
    /// do not know the field that says which of them an item is of.
    #[cfg(feature = "daemon")]
    pub(crate) fn of_each(&self, whose: &str) -> Self {
        let mut each = self.clone();
        each.filters.retain(|filter| filter.field != whose);
        let same = each.filters.len() == self.filters.len() && self.sort.iter().all(|key| key.field != whose);
        if same { each } else { Self { sort: Vec::new(), limit: None, ..each } }
    }

    /// Returns what is left to be done with what was found so, in this order where no other is asked for.
    #[cfg(feature = "daemon")]
    pub(crate) fn of_all(&self, whose: &str, order: &str) -> Self {
        let filters = self.filters.iter().filter(|filter| filter.field == whose).cloned().collect();
        let usual = || order.split(',').flat_map(str::parse).collect();
        let sort = if self.sort.is_empty() { usual() } else { self.sort.clone() };
        Self { filters, sort, limit: self.limit }
    }
}

/// Returns an item as JSON, into which all that an answer is made of can be made.
fn encoded<T: Listed>(item: &T) -> Cow<'_, Value> {
    Cow::Owned(serde_json::to_value(item).unwrap_or_default())
}

fn compare(one: &[Rank], two: &[Rank], keys: &[(&Field, Direction)]) -> Ordering {
    let each = one.iter().zip(two).zip(keys).map(|((one, two), (_, direction))| {
        let present = *one != Rank::Absent && *two != Rank::Absent;
        let order = one.order(two);
        if *direction == Direction::Down && present { order.reverse() } else { order }
    });
    each.fold(Ordering::Equal, Ordering::then)
}

/// A filter that goes with the items.
struct Test<'a> {
    field: &'static Field,
    sign: Sign,
    text: &'a str,
    number: Option<f64>,
}

impl Filter {
    fn test(&self, fields: &'static [Field]) -> Result<Test<'_>, InvalidListing> {
        let field = find(fields, &self.field)?;
        let textual = matches!(field.kind, Kind::Text | Kind::Token);
        let form = match (textual, self.sign) {
            (true, Sign::Less | Sign::AtMost | Sign::More | Sign::AtLeast) => {
                Some("=, !=, ~ or !~ before it")
            }
            (false, Sign::Has | Sign::HasNot) => Some("=, <, <=, > or >= before it"),
            _ => None,
        };
        let number = if textual || self.value.is_empty() { None } else { number(field.kind, &self.value) };
        let form = form.or_else(|| match field.kind {
            _ if textual || number.is_some() => None,
            _ if self.value.is_empty() && matches!(self.sign, Sign::Is | Sign::IsNot) => None,
            Kind::Share => Some("0.5 or 50%"),
            Kind::Ago | Kind::Moment | Kind::Span | Kind::Delay => Some("90s, 5m, 2h or 3d"),
            Kind::Bytes => Some("512, 10k, 2M or 1G, or 64Ki for 65536"),
            _ => Some("10, 10k or 2M"),
        });
        match form {
            Some(form) => Err(InvalidListing::Value { field: field.name, value: self.value.clone(), form }),
            None => Ok(Test { field, sign: self.sign, text: &self.value, number }),
        }
    }
}

impl Test<'_> {
    fn holds(&self, item: &Value, now: Timestamp) -> bool {
        let rank = self.field.rank(item, now);
        let order = match (&rank, self.number) {
            (Rank::Number(one), Some(two)) => Some(one.total_cmp(&two)),
            _ => None,
        };
        let is = match &rank {
            Rank::Absent => self.text.is_empty(),
            Rank::Number(_) => order == Some(Ordering::Equal),
            Rank::Text(text) => text == self.text,
        };
        let has =
            || matches!(&rank, Rank::Text(text) if text.to_lowercase().contains(&self.text.to_lowercase()));
        match self.sign {
            Sign::Is => is,
            Sign::IsNot => !is,
            Sign::Has => has(),
            Sign::HasNot => !has(),
            Sign::Less => order.is_some_and(Ordering::is_lt),
            Sign::AtMost => order.is_some_and(Ordering::is_le),
            Sign::More => order.is_some_and(Ordering::is_gt),
            Sign::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

fn find(fields: &'static [Field], name: &str) -> Result<&'static Field, InvalidListing> {
    let known = || fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
    Field::find(fields, name).ok_or_else(|| InvalidListing::Field(name.to_owned(), known()))
}

/// Reads a number as fields of this kind have it; spans of time are milliseconds.
fn number(kind: Kind, text: &str) -> Option<f64> {
    let units: &[(&str, f64)] = match kind {
        Kind::Share => &[("%", 0.01), ("", 1.0)],
        Kind::Ago | Kind::Moment | Kind::Span | Kind::Delay => {
            &[("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6), ("d", 8.64e7)]
        }
        Kind::Bytes => &[
            ("Ki", 1024.0),
            ("Mi", 1_048_576.0),
            ("Gi", 1_073_741_824.0),
            ("k", 1e3),
            ("K", 1e3),
            ("M", 1e6),
            ("G", 1e9),
            ("", 1.0),
        ],
        _ => &[("k", 1e3), ("M", 1e6), ("G", 1e9), ("", 1.0)],
    };
    let text = if kind == Kind::Bytes { text.strip_suffix('B').unwrap_or(text) } else { text };
    let (digits, unit) = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| digits.parse::<f64>().ok()).flatten().map(|number| number * unit)
}
