//! The module for pages, `web/`: served with the streams, so that a page needs nothing else.

use super::assets::{Asset, Readers, Terms};

/// Returns a file of `web/`.
macro_rules! script {
    ($name:literal, $type:literal) => {
        Asset {
            path: concat!("/api/sse/web/", $name),
            content_type: concat!($type, "; charset=utf-8"),
            body: include_str!(concat!("../../web/", $name)),
        }
    };
}

/// All files of the module, and its types.
pub(super) const FILES: [Asset; 11] = [
    script!("ssectl.js", "text/javascript"),
    script!("holder.js", "text/javascript"),
    script!("known.js", "text/javascript"),
    script!("parser.js", "text/javascript"),
    script!("share.js", "text/javascript"),
    script!("stream.js", "text/javascript"),
    script!("tasks.js", "text/javascript"),
    script!("version.js", "text/javascript"),
    script!("worker.js", "text/javascript"),
    script!("events.d.ts", "text/plain"),
    script!("ssectl.d.ts", "text/plain"),
];

/// The policy is that of the worker: it loads its own files, and opens streams wherever the page says.
pub(super) const TERMS: Terms =
    Terms { policy: "default-src 'none'; script-src 'self'; connect-src *", readers: Readers::Everyone };

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_that_another_needs_is_served_and_nothing_is_made_of_text() {
        let served: BTreeSet<_> =
            FILES.iter().filter_map(|file| file.path.strip_prefix("/api/sse/web/")).collect();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
        for entry in fs::read_dir(folder).expect("committed") {
            let name = entry.expect("readable").file_name().into_string().expect("text");
            assert_eq!(
                served.contains(name.as_str()),
                name.ends_with(".js") || name == "ssectl.d.ts" || name == "events.d.ts",
                "{name}"
            );
        }
        for file in FILES {
            let imported =
                file.body.lines().filter(|line| line.starts_with("import ") || line.starts_with("export {"));
            for line in imported {
                let from = line.split('"').nth(1).expect("a file");
                let from = from.strip_prefix("./").expect("beside it").replace("events.js", "events.d.ts");
                assert!(served.contains(from.as_str()), "{} imports {from}", file.path);
            }
            for unsafe_ in ["eval(", "new Function", "innerHTML", "blob:", "document.write"] {
                assert!(!file.body.contains(unsafe_), "{}: {unsafe_}", file.path);
            }
        }
    }
}
