//! The event stream format as browsers read it, written from the HTML standard alone.

/// What a browser makes of a stream, and the comments that it skips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Event(Event),
    Comment(String),
    Retry(u64),
    /// An id without an event: where the browser is in the order.
    Place(String),
}

/// A dispatched event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` when the stream gave none.
    pub name: String,
    pub data: String,
    /// The last event id.
    pub id: String,
}

impl Event {
    /// Returns the data as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Returns type and payload of an enveloped event.
    pub fn opened(&self) -> (String, serde_json::Value) {
        assert_eq!(self.name, "message", "an envelope has no event name: {self:?}");
        let mut json = self.json();
        (json["type"].as_str().expect("an envelope has a type").to_owned(), json["payload"].take())
    }
}

/// Reads bytes, gives items.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    name: String,
    data: Option<String>,
    id: String,
    names_id: bool,
    items: std::collections::VecDeque<Item>,
}

impl Parser {
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let second_half = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if second_half => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&String::from_utf8_lossy(&line));
                }
                _ => self.line.push(byte),
            }
        }
    }

    pub fn next(&mut self) -> Option<Item> {
        self.items.pop_front()
    }

    fn end_line(&mut self, line: &str) {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.items.push_back(Item::Comment(value.to_owned())),
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" => {
                value.clone_into(&mut self.id);
                self.names_id = true;
            }
            "retry" => self.items.extend(value.parse().ok().map(Item::Retry)),
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let name = std::mem::take(&mut self.name);
        let names_id = std::mem::take(&mut self.names_id);
        let Some(data) = self.data.take() else {
            self.items.extend(names_id.then(|| Item::Place(self.id.clone())));
            return;
        };
        let name = if name.is_empty() { "message".to_owned() } else { name };
        self.items.push_back(Item::Event(Event { name, data, id: self.id.clone() }));
    }
}
