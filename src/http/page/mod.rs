//! The page at `/`: static files, no request to anywhere else, nothing inline that runs.

use super::assets::{Asset, Readers, Terms};

/// All files of the page.
pub(super) const FILES: [Asset; 3] = [
    Asset { path: "/", content_type: "text/html; charset=utf-8", body: include_str!("index.html") },
    Asset {
        path: "/page/app.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("app.js"),
    },
    Asset {
        path: "/page/style.css",
        content_type: "text/css; charset=utf-8",
        body: include_str!("style.css"),
    },
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
            assert!(index.contains(&format!("\"{}\"", &file.path[1..])), "{} is used", file.path);
        }
        for foreign in ["src=\"http", "href=\"http", " style=", " onclick=", "<style"] {
            assert!(!index.contains(foreign), "{foreign}");
        }
        assert!(!FILES[1].body.contains("innerHTML") && !FILES[1].body.contains("eval("));
    }
}
