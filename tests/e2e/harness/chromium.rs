//! Debian's Chromium, driven by `tests/browser/driver.mjs` over standard streams.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{LIMIT, is_installed, within};
use crate::fakes::browser::Event;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");

/// A browser. It ends when dropped, with its tabs.
#[derive(Debug)]
pub struct Chromium {
    node: Child,
    orders: Mutex<Option<ChildStdin>>,
    ear: Arc<Ear>,
    next: AtomicU64,
}

/// Who waits for what the driver says.
#[derive(Debug, Default)]
struct Ear {
    answers: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    tabs: Mutex<HashMap<u64, mpsc::UnboundedSender<Seen>>>,
}

/// What a page sees of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is open.
    Opened,
    /// It broke off; the browser will ask again.
    Lost,
    /// It broke off for good.
    GaveUp,
    Event(Event),
}

/// A tab with a page.
#[derive(Debug)]
pub struct Tab<'a> {
    chromium: &'a Chromium,
    number: u64,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Chromium {
    /// Starts it. `None`: it is not installed, which is said.
    pub fn start() -> Option<Self> {
        if !["chromium", "node", "npm"].into_iter().all(is_installed) {
            return None;
        }
        let mut driver = Command::new("node");
        driver.arg(Path::new(SOURCES).join("driver.mjs")).current_dir(packages());
        driver.env("CHROMIUM", "/usr/bin/chromium").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = driver.spawn().expect("node can be run");
        let (orders, said) = (node.stdin.take(), node.stdout.take().expect("piped"));
        let ear = Arc::new(Ear::default());
        std::thread::spawn({
            let ear = Arc::clone(&ear);
            move || ear.listen(said)
        });
        Some(Self { node, orders: Mutex::new(orders), ear, next: AtomicU64::new(1) })
    }

    /// Opens a tab at an address.
    pub async fn open(&self, url: &str) -> Tab<'_> {
        self.tab(|tab| json!({"open": url, "tab": tab})).await
    }

    /// Opens a tab with an empty page, as if this origin served it.
    pub async fn blank(&self, origin: &str) -> Tab<'_> {
        self.tab(|tab| json!({"blank": format!("{origin}/empty-page-of-a-test"), "tab": tab})).await
    }

    async fn tab(&self, order: impl FnOnce(u64) -> Value) -> Tab<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (see, seen) = mpsc::unbounded_channel();
        self.ear.tabs.lock().expect("no test panics with it").insert(number, see);
        self.order(order(number)).await;
        Tab { chromium: self, number, seen }
    }

    async fn order(&self, mut order: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        order["id"] = id.into();
        let (answer, answered) = oneshot::channel();
        self.ear.answers.lock().expect("no test panics with it").insert(id, answer);
        if let Some(orders) = &mut *self.orders.lock().expect("no test panics with it") {
            writeln!(orders, "{order}").expect("the driver reads");
        }
        let answer = within(&format!("an answer to {order}"), answered).await.expect("the driver is there");
        answer.unwrap_or_else(|error| panic!("{error}\nafter {order}"))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The end of its input is the end of the driver and of the browser.
        if let Ok(orders) = self.orders.get_mut() {
            *orders = None;
        }
        let _ = self.node.wait();
    }
}

impl Ear {
    fn listen(&self, said: ChildStdout) {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            let mut line: Value = serde_json::from_str(&line).expect("the driver speaks JSON");
            if let Some(tab) = line["tab"].as_u64() {
                if let Some(tab) = self.tabs.lock().expect("no test panics with it").get(&tab) {
                    // A tab that is not looked at any more.
                    let _ = tab.send(Seen::read(&line["saw"]));
                }
            } else {
                let id = line["id"].as_u64().expect("an answer has an id");
                let answer = match line["error"].take() {
                    Value::String(error) => Err(error),
                    _ => Ok(line["value"].take()),
                };
                if let Some(asker) = self.answers.lock().expect("no test panics with it").remove(&id) {
                    let _ = asker.send(answer);
                }
            }
        }
        self.answers.lock().expect("no test panics with it").clear();
        self.tabs.lock().expect("no test panics with it").clear();
    }
}

impl Seen {
    fn read(saw: &Value) -> Self {
        let text = |at: usize| saw[at].as_str().unwrap_or_else(|| panic!("{saw}")).to_owned();
        match saw[0].as_str() {
            Some("opened") => Self::Opened,
            Some("lost") => Self::Lost,
            Some("gave up") => Self::GaveUp,
            Some("event") => Self::Event(Event { name: text(1), data: text(2), id: text(3) }),
            _ => panic!("a page reports {saw}"),
        }
    }
}

impl Tab<'_> {
    /// Runs code in the driver, with `page`, `context`, `browser` and `require` at hand; returns what it returns.
    pub async fn run(&self, code: &str) -> Value {
        self.chromium.order(json!({"run": code, "tab": self.number})).await
    }

    /// Evaluates an expression in the page; returns its value.
    pub async fn evaluate(&self, expression: &str) -> Value {
        self.run(&format!("return await page.evaluate({})", json!(expression))).await
    }

    /// Has the page read a stream with the browser's own `EventSource`.
    pub async fn listen(&self, url: &str) {
        self.evaluate(&format!("void (globalThis.source = listen({}))", json!(url))).await;
    }

    /// Has the page end its stream.
    pub async fn leave(&self) {
        self.evaluate("source.close()").await;
    }

    /// Returns what the page sees next.
    pub async fn next(&mut self) -> Seen {
        self.next_in(LIMIT).await
    }

    /// As [`Tab::next`], where a browser was told to wait longer than a test does.
    pub async fn next_in(&mut self, limit: Duration) -> Seen {
        match timeout(limit, self.seen.recv()).await {
            Ok(seen) => seen.expect("Chromium runs"),
            Err(_) => panic!("nothing was seen for {limit:?}"),
        }
    }

    /// Expects an event next.
    pub async fn event(&mut self) -> Event {
        match self.next().await {
            Seen::Event(event) => event,
            other => panic!("{other:?} where an event was awaited"),
        }
    }

    /// Expects these things next.
    pub async fn sees(&mut self, expected: &[Seen]) {
        for expected in expected {
            assert_eq!(&self.next().await, expected);
        }
    }
}

/// Returns where `node_modules` is, after it was filled as the lock file says.
fn packages() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&place).expect("a directory below target");
        let lock = std::fs::read(Path::new(SOURCES).join("package-lock.json")).expect("it is committed");
        let installed = place.join("installed-lock.json");
        if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
            return place;
        }
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(Path::new(SOURCES).join(file), place.join(file)).expect("it can be copied");
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&place);
        let output = npm.output().expect("npm can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "npm ci: {said}\nhint: tests/run --without chromium");
        std::fs::write(installed, lock).expect("a file below target");
        place
    })
}
