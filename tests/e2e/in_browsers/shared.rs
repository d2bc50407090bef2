//! Pages with the module: one stream for all tabs of a browser, whatever becomes of tabs, network and daemon.

use serde_json::{Value, json};

use super::{apart::steady, send};
use crate::{
    harness::{
        Daemon, Home,
        chromium::{Chromium, Tab},
        until,
    },
    recipes::fronts::{Front, Kind, settings},
};

/// A tab with a page that has the module.
async fn page<'a>(chromium: &'a Chromium, daemon: &Daemon, share: &str) -> Tab<'a> {
    let tab = chromium.blank(&format!("http://{}", daemon.public)).await;
    tab.join(share).await;
    tab
}

impl Tab<'_> {
    /// Has the page connect, and note what it hears.
    async fn join(&self, share: &str) {
        let module = format!(
            "import('/api/sse/web/ssectl.js').then((module) => {{
                globalThis.heard = [];
                globalThis.connection = module.connect({{ share: {} }});
                globalThis.tasks = module.taskStore(connection);
                globalThis.version = module.versionStore(connection);
                connection.on('*', ({{ name, payload }}) => heard.push([name, payload]));
            }})",
            json!(share)
        );
        self.evaluate(&module).await;
        self.comes_true("connection.getSnapshot().caughtUp").await;
        let mode = self.evaluate("connection.mode").await;
        assert_eq!(mode, share);
    }

    /// Waits until an expression is true in the page.
    async fn comes_true(&self, expression: &str) {
        // Not by frames, of which tabs behind others have none.
        let code = format!("await page.waitForFunction({}, null, {{ polling: 20 }})", json!(expression));
        self.run(&code).await;
    }

    /// Expects that the page has heard these numbers, each once and in this order.
    async fn heard(&self, numbers: &[u64]) {
        let count = "heard.filter(([name]) => name === 'n').map(([, number]) => number)";
        self.comes_true(&format!("{count}.at(-1) === {}", numbers.last().expect("some"))).await;
        assert_eq!(self.evaluate(count).await, json!(numbers));
    }
}

#[tokio::test]
async fn chromium_has_one_connection_for_eight_tabs_whichever_of_them_close() {
    let Some(chromium) = Chromium::start() else { return };
    for share in ["worker", "leader"] {
        let daemon = Daemon::start(&[]).await;
        let mut tabs = Vec::new();
        for _ in 0..8 {
            tabs.push(page(&chromium, &daemon, share).await);
        }
        let ids = daemon.connected().await;
        let own = tabs[0].evaluate("connection.requestId").await;
        assert!(ids.len() == 1 && own == ids[0].as_str() && ids[0].len() == 32, "{share}: {ids:?}");
        send(&daemon, 1).await;
        for tab in &tabs {
            tab.heard(&[1]).await;
        }
        // The first one has the lead, where tabs have.
        for gone in [0, 3] {
            tabs.remove(gone).run("await page.close()").await;
        }
        send(&daemon, 2).await;
        daemon.queue(json!({"version": "1.0.1"})).await;
        let late = page(&chromium, &daemon, share).await;
        for tab in &tabs {
            tab.heard(&[1, 2]).await;
            tab.comes_true("version.getSnapshot().outdated && version.getSnapshot().announced === '1.0.1'")
                .await;
        }
        late.comes_true("version.getSnapshot().announced === '1.0.1' && !version.getSnapshot().outdated")
            .await;
        tabs.push(late);
        assert_eq!(daemon.connected().await, ids, "{share}");
        let metrics = daemon.metrics().await;
        let closed = metrics.value(r#"ssectld_connections_closed_total{reason="replaced"}"#);
        // Who takes the lead may come before it is noticed that the last leader has left.
        let most = if share == "leader" { 1.0 } else { 0.0 };
        assert!(closed <= most, "{share}: tabs push each other out");
        for tab in tabs {
            tab.run("await page.close()").await;
        }
        until("nobody is there", async || daemon.connected().await.is_empty().then_some(())).await;
        daemon.stop().await;
    }
}

#[tokio::test]
async fn chromium_misses_nothing_between_two_pages_and_knows_what_the_first_knew() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let task = daemon.create_task(json!({"name": "t"})).await;
    let tab = page(&chromium, &daemon, "worker").await;
    let own = tab.evaluate("connection.requestId").await;
    send(&daemon, 1).await;
    tab.heard(&[1]).await;
    tab.run("await page.goto('about:blank')").await;
    until("it has left", async || daemon.connected().await.is_empty().then_some(())).await;
    send(&daemon, 2).await;
    let address = format!("http://{}/readyz", daemon.public);
    tab.run(&format!("await page.goto({})", json!(address))).await;
    tab.join("worker").await;
    tab.heard(&[2]).await;
    assert_eq!(tab.evaluate("connection.requestId").await, own);
    let known = format!("tasks.getSnapshot().get({})?.state === 'running'", json!(task));
    tab.comes_true(&known).await;
    daemon.task(&task, "complete", &json!({})).await.expect(200);
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_shares_its_stream_through_restarts_and_without_a_network() {
    let Some(chromium) = Chromium::start() else { return };
    for share in ["worker", "leader"] {
        let port = steady("listen.public");
        let daemon = Home::new().start(&[&port]).await;
        let tabs = [page(&chromium, &daemon, share).await, page(&chromium, &daemon, share).await];
        send(&daemon, 1).await;
        for tab in &tabs {
            tab.heard(&[1]).await;
        }
        let home = daemon.stop().await;
        for tab in &tabs {
            tab.comes_true("connection.getSnapshot().state === 'waiting'").await;
        }
        let daemon = home.start(&[&port]).await;
        send(&daemon, 2).await;
        for tab in &tabs {
            tab.heard(&[1, 2]).await;
        }
        // The network of a shared worker cannot be taken away here.
        if share == "leader" {
            tabs[0].run("await context.setOffline(true)").await;
            daemon.cli().run(&["connections", "disconnect", "--all", "--yes"]).await.expect(0);
            let offline = "connection.getSnapshot().reason === 'offline'";
            tabs[0].comes_true(offline).await;
            tabs[1].comes_true(offline).await;
            send(&daemon, 3).await;
            tabs[0].run("await context.setOffline(false)").await;
            for tab in &tabs {
                tab.heard(&[1, 2, 3]).await;
            }
        }
        assert_eq!(daemon.connected().await.len(), 1, "{share}");
        daemon.stop().await;
    }
}

#[tokio::test]
async fn chromium_shares_its_stream_through_nginx_haproxy_and_caddy() {
    let Some(chromium) = Chromium::start() else { return };
    for kind in [Kind::Nginx, Kind::Haproxy, Kind::Caddy] {
        let settings = settings();
        let daemon = Daemon::start(&[&settings[0], &settings[1]]).await;
        let Some(front) = Front::start(kind, &daemon).await else { continue };
        let tab = chromium.blank(&front.origin()).await;
        tab.join("worker").await;
        send(&daemon, 1).await;
        tab.heard(&[1]).await;
        front.stop().await;
        daemon.stop().await;
    }
}

/// What axe finds, in words.
const AXE: &str = "
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    await page.evaluate(require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate(() => axe.run());
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].failureSummary}`)
        .concat(wide > 0 ? [`it is ${wide} too wide`] : []);";

#[tokio::test]
async fn chromium_shows_the_page_of_the_demo_to_everyone_and_asks_nobody_else() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let home = format!("http://{}/", daemon.public);
    let tab = chromium.open(&home).await;
    let watch = format!(
        "globalThis.wrong = [];
         page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
         page.on('request', (request) => request.url().startsWith({}) || wrong.push(request.url()));
         await page.reload()",
        json!(home)
    );
    tab.run(&watch).await;
    let shows = async |what: &str, text: &str| {
        let code =
            format!("await page.locator({}).filter({{ hasText: {} }}).waitFor()", json!(what), json!(text));
        tab.run(&code).await;
    };
    shows("#state", "Connected").await;
    daemon.start_task("failing", json!({"error_message": "the disk is full", "delay": 0.01})).await;
    let task = daemon.create_task(json!({"name": "t"})).await;
    daemon.task(&task, "progress", &json!({"value": 0.4, "text": "copying"})).await.expect(200);
    daemon.queue(json!({"version": "1.0.1", "changelog": "faster"})).await;
    shows("#tasks li", "the disk is full").await;
    shows("#tasks li", "40 %").await;
    shows("#banner", "faster").await;
    shows("#log li", "version").await;
    for scheme in ["light", "dark"] {
        for (width, height) in [(1180, 900), (360, 740)] {
            let size = json!({"width": width, "height": height});
            let code = format!("const [scheme, size] = [{}, {size}]; {AXE}", json!(scheme));
            assert_eq!(tab.run(&code).await, json!([]), "{scheme}, {width}");
        }
    }
    tab.run("await page.getByRole('button', { name: 'Later' }).click()").await;
    tab.run("await page.locator('#banner').waitFor({ state: 'hidden' })").await;
    assert_eq!(tab.run("return wrong").await, Value::Array(Vec::new()));
    daemon.task(&task, "complete", &json!({})).await.expect(200);
    daemon.stop().await;
}
