//! The page at `/`: static files, no request to anywhere else, nothing inline that runs.

use super::assets::{Asset, Readers, Terms};

/// Returns a file that the page needs.
macro_rules! part {
    ($name:literal, $type:literal) => {
        Asset {
            path: concat!("/page/", $name),
            content_type: concat!($type, "; charset=utf-8"),
            body: include_str!($name),
        }
    };
}

/// All files of the page, besides the module that every page may use.
pub(super) const FILES: [Asset; 6] = [
    Asset { path: "/", content_type: "text/html; charset=utf-8", body: include_str!("index.html") },
    part!("app.js", "text/javascript"),
    part!("dom.js", "text/javascript"),
    part!("events.js", "text/javascript"),
    part!("tasks.js", "text/javascript"),
    part!("style.css", "text/css"),
];

/// The page may use its own files, its own stream, and the icon that is in it.
pub(super) const TERMS: Terms = Terms {
    policy: "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    readers: Readers::SameOrigin,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_nobody_else_and_needs_nothing_inline() {
        let index = FILES[0].body;
        for file in &FILES[1..] {
            let used = |body: &str| {
                body.contains(&format!("\"{}\"", &file.path[1..]))
                    || body.contains(&format!("\"./{}\"", &file.path["/page/".len()..]))
            };
            assert!(FILES.iter().any(|other| used(other.body)), "{} is used", file.path);
            assert!(!file.body.contains("innerHTML") && !file.body.contains("eval("), "{}", file.path);
        }
        for foreign in ["src=\"http", "href=\"http", " style=", " onclick=", "<style"] {
            assert!(!index.contains(foreign), "{foreign}");
        }
    }
}
