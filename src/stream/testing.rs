//! For tests: reads streams as a browser does, by the WHATWG's description and sharing nothing with the encoder.

/// A dispatched event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// `event`, or `message`.
    pub(crate) name: String,
    /// The joined `data` lines.
    pub(crate) data: String,
    /// The last `id` so far.
    pub(crate) id: String,
}

/// Returns the events that a browser would dispatch.
pub(crate) fn messages(body: &[u8]) -> Vec<Message> {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    // What follows the last line end is not a line yet.
    let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let (mut all, mut name, mut data, mut id) = (Vec::new(), String::new(), String::new(), String::new());
    for line in complete.split('\n') {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                let name = if name.is_empty() { "message".to_owned() } else { name.clone() };
                all.push(Message { name, data: std::mem::take(&mut data), id: id.clone() });
            }
            name.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut name),
            "data" => data.extend([value, "\n"]),
            "id" if !value.contains('\0') => value.clone_into(&mut id),
            _ => {}
        }
    }
    all
}

/// Returns what whole chunks carry, and whether the last one was there.
pub(crate) fn dechunk(mut wire: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line_end) = wire.windows(2).position(|pair| pair == b"\r\n") else { return (body, false) };
        let size = std::str::from_utf8(&wire[..line_end]).expect("a chunk size");
        let size = usize::from_str_radix(size, 16).expect("a chunk size");
        let end = line_end + 2 + size;
        if wire.len() < end + 2 {
            return (body, false);
        }
        assert_eq!(&wire[end..end + 2], b"\r\n", "the end of a chunk");
        body.extend_from_slice(&wire[line_end + 2..end]);
        if size == 0 {
            assert_eq!(wire.len(), end + 2, "nothing after the last chunk");
            return (body, true);
        }
        wire = &wire[end + 2..];
    }
}
