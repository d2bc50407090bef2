//! Lists: what of them is asked for, and how they are printed.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use ssectl_core::control::{
    client::{Answer, ClientError},
    listing::{Field, Filter, InvalidListing, Kind, Listed, Listing, SortKey},
    types::{Change, Changed, List},
};

use crate::{
    args::Format,
    context::Context,
    error::{CliError, Outcome},
    output::Forms,
    parse,
    table::{Column, Table},
    text::{self, harmless, harmless_json},
    watching::{self, Form},
};

/// What of a list is wanted, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "List options")]
pub(crate) struct ListOptions {
    /// Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated
    ///
    /// =, !=: is, is not (nothing after it: has no value). ~, !~: contains, does not contain. <, <=, >, >=:
    /// for numbers (10k), bytes (10k, 2M, 64Ki), shares (50%) and times (90s, 5m, 2h, 3d). All must hold.
    #[arg(long = "filter", value_name = "FIELD=VALUE")]
    filters: Vec<Filter>,
    /// In this order: age, or -age for the largest first; several separated by commas
    #[arg(long, value_name = "FIELD", value_delimiter = ',', allow_hyphen_values = true)]
    sort: Vec<SortKey>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The columns of the table, separated by commas [default: the usual ones; all with -o wide]
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    columns: Vec<String>,
    /// Leave the line of headers out
    #[arg(long)]
    no_headers: bool,
    /// Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes
    #[arg(short, long, value_name = "TIME", num_args = 0..=1, require_equals = true,
          default_missing_value = "2s", value_parser = parse::duration)]
    watch: Option<Duration>,
}

/// The field that says which member of a cluster has an item, where all were asked.
const WHOSE: &str = "member";

/// Fields that only a member of a cluster has anything in.
const OF_CLUSTERS: [&str; 2] = [WHOSE, "via"];

/// How things of one kind are listed. The first of their fields names them.
pub(crate) struct Look<T> {
    /// What to say where there are none.
    pub(crate) nothing: &'static str,
    /// The usual columns.
    pub(crate) columns: fn(&[T]) -> &'static [&'static str],
    /// Those that a narrow terminal may cut.
    pub(crate) flexible: &'static [&'static str],
}

/// Asks for a list and prints it, once or again and again.
pub(crate) async fn print<T: Listed>(
    context: &Context,
    options: &ListOptions,
    look: &Look<T>,
    ask: impl AsyncFn(&Listing) -> Result<Answer<List<T>>, ClientError>,
) -> Outcome {
    let page = Page { context, options, look, chosen: options.chosen::<T>()? };
    let asked =
        Listing { filters: options.filters.clone(), sort: options.sort.clone(), limit: options.limit };
    let Some(every) = options.watch else {
        let answer = context.ask(ask(&asked)).await?;
        page.show(&answer)?;
        return context.answered(&answer.value.unanswered);
    };
    let mut before = BTreeMap::new();
    let show = |answer: &Answer<List<T>>, form| match form {
        Form::Screen(width) => page.screen(answer, width),
        Form::Lines => {
            let items = answer.value.items.iter().map(value_of);
            // A connection that came back is another one, though its name is the same.
            let key = |item: &Value| format!("{} {} {}", name(item, T::FIELDS), item["token"], item[WHOSE]);
            let now = items.map(|item| (key(&item), item)).collect();
            changes(&std::mem::replace(&mut before, now), &before)
        }
    };
    watching::run(context, every, async || ask(&asked).await, show).await
}

impl ListOptions {
    /// Returns the columns that were named.
    fn chosen<T: Listed>(&self) -> Result<Vec<&'static Field>, CliError> {
        let find = |name: &String| {
            let known = || T::FIELDS.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
            Field::find(T::FIELDS, name).ok_or_else(|| InvalidListing::Field(name.clone(), known()))
        };
        let chosen: Result<_, _> = self.columns.iter().map(find).collect();
        chosen.map_err(|error| CliError::usage(error.to_string()))
    }
}

/// One kind of list, as it is to be printed.
struct Page<'a, T> {
    context: &'a Context,
    options: &'a ListOptions,
    look: &'a Look<T>,
    chosen: Vec<&'static Field>,
}

impl<T: Listed> Page<'_, T> {
    fn show(&self, answer: &Answer<List<T>>) -> Result<(), CliError> {
        let List { items, warnings, .. } = &answer.value;
        let out = &self.context.out;
        out.warn(warnings);
        if let Some(note) = self.note(&answer.value) {
            out.note(&note);
        }
        out.answer(&Forms {
            json: &answer.json,
            names: &|| items.iter().map(|item| name(&value_of(item), T::FIELDS)).collect(),
            table: &|width| self.text(items, width),
        })
    }

    /// Returns what there is to be said beside the items.
    fn note(&self, list: &List<T>) -> Option<String> {
        let (some, all) = (list.items.len(), list.total);
        match some {
            0 if all == 0 && !self.options.filters.is_empty() => {
                Some("nothing matches the filters".to_owned())
            }
            0 if all == 0 => Some(self.look.nothing.to_owned()),
            some if some < all => Some(format!("{some} of {all}: --limit left out the others")),
            _ => None,
        }
    }

    /// Returns all that is shown of an answer on a terminal.
    fn screen(&self, answer: &Answer<List<T>>, width: Option<usize>) -> String {
        let list = &answer.value;
        let warnings = list.warnings.iter().map(|warning| format!("warning: {}\n", harmless(warning)));
        let note = self.note(list).map(|note| note + "\n");
        warnings.chain(note).chain([self.text(&list.items, width)]).collect()
    }

    /// Returns the table; whole where all columns are asked for, which no terminal has room for.
    fn text(&self, items: &[T], width: Option<usize>) -> String {
        match self.context.out.format() {
            _ if items.is_empty() => String::new(),
            Format::Wide => self.table(items).render(None),
            _ => self.table(items).render(width),
        }
    }

    fn table(&self, items: &[T]) -> Table {
        let format = self.context.out.format();
        let usual = || (self.look.columns)(items).iter().filter_map(|name| Field::find(T::FIELDS, name));
        let of_members = items.first().is_some_and(|item| value_of(item)[WHOSE].is_string());
        let columns: Vec<&Field> = match &self.chosen {
            chosen if !chosen.is_empty() => chosen.clone(),
            _ if format == Format::Wide => {
                let told = |field: &Field| items.iter().any(|item| field.value(&value_of(item)).is_some());
                T::FIELDS.iter().filter(|field| !OF_CLUSTERS.contains(&field.name) || told(field)).collect()
            }
            _ if of_members => {
                let first = usual().next().into_iter();
                first.chain(Field::find(T::FIELDS, WHOSE)).chain(usual().skip(1)).collect()
            }
            _ => usual().collect(),
        };
        let mut table = headers(&columns, self.look.flexible);
        if self.options.no_headers {
            table.drop_headers();
        }
        rows(&mut table, items, &columns, format);
        table
    }
}

fn headers(columns: &[&Field], flexible: &[&str]) -> Table {
    let kind = |field: &Field| match flexible.contains(&field.name) {
        true => Column::Flexible,
        false => Column::Rigid,
    };
    Table::new(columns.iter().map(|field| (field.name.to_uppercase().replace('_', " "), kind(field))))
}

fn rows<T: Listed>(table: &mut Table, items: &[T], columns: &[&Field], format: Format) {
    for item in items {
        let item = value_of(item);
        table.row(columns.iter().map(|field| cell(field, &item, format)));
    }
}

/// Returns a table of items with these columns.
pub(crate) fn table<T: Listed>(items: &[T], columns: &[&str], flexible: &[&str], format: Format) -> Table {
    let columns: Vec<&Field> = columns.iter().filter_map(|name| Field::find(T::FIELDS, name)).collect();
    let mut table = headers(&columns, flexible);
    rows(&mut table, items, &columns, format);
    table
}

/// What goes on by itself: with age, and with heartbeats and probes.
const GROWING: [&str; 4] = ["age_ms", "bytes", "last_write", "last_proven"];

/// Returns a line for each item that came, changed or went. That it grew older is no change.
fn changes(before: &BTreeMap<String, Value>, now: &BTreeMap<String, Value>) -> String {
    let lasting = |item: &Value| {
        let mut item = item.clone();
        if let Some(fields) = item.as_object_mut() {
            fields.retain(|name, _| !GROWING.contains(&name.as_str()));
        }
        item
    };
    let mut lines = String::new();
    let mut line = |what: Changed, item: &Value| {
        // Plain data with string keys: it always encodes.
        let change = serde_json::to_string(&Change { what, item: item.clone() }).unwrap_or_default();
        lines += &harmless_json(&(change + "\n"));
    };
    for (_, item) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
        line(Changed::Removed, item);
    }
    for (name, item) in now {
        match before.get(name) {
            None => line(Changed::Added, item),
            Some(old) if lasting(old) != lasting(item) => line(Changed::Changed, item),
            Some(_) => {}
        }
    }
    lines
}

fn value_of(item: &impl Listed) -> Value {
    // What was read from JSON can be made into it again.
    serde_json::to_value(item).unwrap_or_default()
}

fn name(item: &Value, fields: &'static [Field]) -> String {
    fields.first().and_then(|field| field.value(item)).map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cell(field: &Field, item: &Value, format: Format) -> String {
    let Some(value) = field.value(item) else { return field.absent.to_owned() };
    let plain = plain(value);
    match field.kind {
        Kind::Token if format != Format::Wide => plain.chars().take(8).collect(),
        Kind::Share => value.as_f64().map_or(plain, text::percent),
        Kind::Ago => plain.parse::<Timestamp>().map_or(plain, text::since),
        Kind::Moment => plain.parse::<Timestamp>().map_or(plain, text::moment),
        Kind::Span => value.as_i64().map_or(plain, text::span),
        Kind::Delay => value.as_i64().map_or(plain, text::delay),
        Kind::Bytes => value.as_u64().map_or(plain, text::bytes),
        Kind::Text | Kind::Token | Kind::Number => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_changed_or_went_is_a_line() {
        let items = |items: &[(&str, &str, u32)]| -> BTreeMap<_, _> {
            let item = |(id, state, age): &(&str, &str, u32)| {
                ((*id).to_owned(), json!({ "request_id": id, "state": state, "age_ms": age }))
            };
            items.iter().map(item).collect()
        };
        let before = items(&[("a", "live", 1), ("b", "live", 1), ("c", "live", 1)]);
        let now = items(&[("a", "live", 9), ("b", "suspect", 9), ("d", "live", 1)]);
        let changes = changes(&before, &now);
        let lines: Vec<Value> =
            changes.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| format!("{} {}", line["type"], line["item"]["request_id"]).replace('"', ""))
            .collect();
        assert_eq!(seen, ["removed c", "changed b", "added d"]);
    }
}
