use std::{path::Path, time::Duration};

use proptest::prelude::*;

use super::{load::from_text, *};

fn sources(set: &[&str], variables: &[(&str, &str)]) -> Sources {
    Sources {
        set: set.iter().map(|&text| text.to_owned()).collect(),
        environment: variables.iter().copied().collect(),
        ..Sources::default()
    }
}

fn in_file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ssectld.toml");
    std::fs::write(&path, text).expect("written");
    (folder, Sources { file: Some(path), ..Sources::default() })
}

fn told(sources: &Sources) -> String {
    let error = load(sources).expect_err("refused");
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

#[test]
fn nothing_said_is_the_default() {
    let loaded = load(&Sources::default()).expect("the defaults are valid");
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.origin("mode"), Origin::Default);
}

#[test]
fn arguments_win_over_variables_over_the_file() {
    let (_folder, mut sources) = in_file(
        "mode = \"gateway\"\n[listen]\npublic = \"127.0.0.1:1\"\ninternal = \"127.0.0.1:2\"\n[stream]\nheartbeat = \"20s\"\n",
    );
    sources.environment = [
        ("SSECTLD_LISTEN__PUBLIC", "127.0.0.1:11"),
        ("SSECTLD_STREAM__HEARTBEAT", "30s"),
        ("SSECTLD_MODE", "embedded"),
        ("SSECTLD_STREAM__CORS_ORIGINS", "[\"https://a.example\"]"),
        ("PATH", "/bin"),
    ]
    .into_iter()
    .collect();
    sources.set = vec!["listen.public=127.0.0.1:111".to_owned(), "tasks.max_running = 7".to_owned()];
    sources.socket = Some("/run/x/control.sock".into());
    let loaded = load(&sources).expect("valid");
    let config = &loaded.config;
    assert_eq!(config.listen.public.port(), 111);
    assert_eq!(config.listen.internal.port(), 2);
    assert_eq!(config.stream.heartbeat, Duration::from_secs(30));
    assert_eq!(config.mode, Mode::Embedded);
    assert_eq!(config.stream.cors_origins, ["https://a.example"]);
    assert_eq!(config.tasks.max_running, 7);
    assert_eq!(config.control.socket, Path::new("/run/x/control.sock"));
    assert_eq!(loaded.origin("listen.public"), Origin::Argument("--set"));
    assert_eq!(loaded.origin("stream.heartbeat"), Origin::Variable("SSECTLD_STREAM__HEARTBEAT".to_owned()));
    assert!(matches!(loaded.origin("listen.internal"), Origin::File { line: 4, .. }));
    assert_eq!(loaded.origin("control.socket"), Origin::Argument("--socket"));
}

#[test]
fn the_last_set_wins_and_text_needs_no_quotes() {
    let given =
        ["log.level=debug", "log.level=\"warn\"", "frontend_version_url=http://a/b?c=d", "state.dir='/s'"];
    let config = load(&sources(&given, &[])).expect("valid").config;
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.frontend_version_url, "http://a/b?c=d");
    assert_eq!(config.state.dir, Path::new("/s"));
}

#[test]
fn unknown_keys_are_refused_everywhere_with_the_nearest() {
    let (_folder, file) = in_file("demo = false\n[listen]\npubic = \"127.0.0.1:0\"\n");
    let text = told(&file);
    assert!(text.contains("ssectld.toml:3:1") && text.contains("3 | pubic"), "{text}");
    assert!(text.contains("| ^^^^^\n") && text.ends_with("did you mean listen.public?"), "{text}");
    let text = told(&sources(&[], &[("SSECTLD_LISTEN__PUBIC", "x")]));
    assert_eq!(
        text,
        "SSECTLD_LISTEN__PUBIC: unknown key \"listen.pubic\"\nhint: did you mean listen.public?"
    );
    let text = told(&sources(&["heartbeat=5s"], &[]));
    assert_eq!(text, "--set: unknown key \"heartbeat\"\nhint: did you mean stream.heartbeat?");
}

#[test]
fn values_of_the_wrong_kind_say_where_and_what_is_right() {
    let (_folder, file) = in_file("[stream]\nheartbeat = 15\n");
    let text = told(&file);
    assert!(text.contains("ssectld.toml:2:13") && text.contains("invalid type"), "{text}");
    let text = told(&sources(&["stream.heartbeat=15"], &[]));
    assert!(text.contains("write 250ms, 15s, 5m or 24h"), "{text}");
    let text = told(&sources(&["stream.per_ip=many"], &[]));
    assert!(text.ends_with("hint: its default is stream.per_ip = 0"), "{text}");
    assert!(told(&sources(&["listen=x"], &[])).contains("listen is a section"));
    assert!(told(&sources(&["listen.public"], &[])).contains("has no `=`"));
    let (_folder, file) = in_file("listen = 3\n");
    assert!(told(&file).contains("ssectld.toml:1:"));
}

#[test]
fn a_missing_file_is_named() {
    let sources = Sources { file: Some("/nonexistent/ssectld.toml".into()), ..Sources::default() };
    assert!(told(&sources).contains("/nonexistent/ssectld.toml cannot be read"));
}

#[test]
fn what_kubernetes_sets_for_a_service_is_no_setting() {
    let variables = [
        ("SSECTLD_PORT", "tcp://10.0.0.1:8090"),
        ("SSECTLD_PORT_8090_TCP_ADDR", "10.0.0.1"),
        ("SSECTLD_SERVICE_HOST", "10.0.0.1"),
    ];
    assert!(load(&sources(&[], &variables)).is_ok());
    assert!(load(&sources(&[], &[("SSECTLD_PORT", "8090")])).is_err());
}

#[test]
fn values_that_cannot_run_together_are_all_named() {
    let text = told(&sources(
        &[
            "listen.internal=0.0.0.0:8091",
            "mode=gateway",
            "gateway.url=",
            "gateway.in_flight=0",
            "stream.heartbeat=0s",
            "events.max_bytes=32769",
            "stream.outbox_bytes=1",
            "listen.hosts=[\"https://a.example\"]",
            "stream.cors_origins=[\"https://a.example/\"]",
            "stream.history_age=0s",
            "stream.max_lifetime=1ms",
            "stream.trusted_proxies=[\"10.0.0.0/40\"]",
            "stream.authorize_url=unix:/x",
            "frontend_version_url=ftp://a/",
            "log.level=inof",
        ],
        &[],
    ));
    for key in [
        "listen.internal (--set)",
        "gateway.url",
        "gateway.in_flight",
        "stream.heartbeat",
        "events.max_bytes",
        "stream.outbox_bytes",
        "listen.hosts (--set): \"https://a.example\": write a name as app.example.org",
        "stream.cors_origins",
        "stream.history_age (--set): 0s is not between 1s and 1d",
        "stream.max_lifetime (--set): 1ms is not between 1s and 365d",
        "stream.trusted_proxies (--set): \"10.0.0.0/40\": write an address or a range",
        "stream.authorize_url",
        "frontend_version_url",
        "log.level",
    ] {
        assert!(text.contains(key), "{key} is missing in {text}");
    }
}

#[test]
fn urls_are_http_with_a_host_and_without_a_password() {
    for good in ["http://a", "https://a:1/b?c", "http://[::1]:80/"] {
        assert!(load(&sources(&[&format!("frontend_version_url={good}")], &[])).is_ok(), "{good}");
    }
    for bad in ["a", "a/b", "http://", "http:///x", "http://:80", "unix:/x", "http://u:p@h/", "http://a b"] {
        assert!(load(&sources(&[&format!("frontend_version_url={bad}")], &[])).is_err(), "{bad}");
    }
}

#[test]
fn a_secret_opens_the_internal_listener() {
    let given = ["listen.internal=0.0.0.0:8091", "callback.secret_file=/run/secret"];
    assert!(load(&sources(&given, &[])).is_ok());
}

#[test]
fn secrets_are_found_among_the_credentials() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("callback.secret"), "x").expect("written");
    let place = dir.path().to_str().expect("text");
    let given = ["publish.token_file=mine", "gateway.secret_file=/elsewhere"];
    let loaded = load(&sources(&given, &[("CREDENTIALS_DIRECTORY", place)])).expect("valid");
    assert_eq!(loaded.config.callback.secret_file, dir.path().join("callback.secret"));
    assert_eq!(loaded.config.publish.token_file, dir.path().join("mine"));
    assert_eq!(loaded.config.gateway.secret_file, Path::new("/elsewhere"));
    assert_eq!(loaded.config.gateway_server.secret_file, Path::new(""));
    assert_eq!(loaded.origin("callback.secret_file").to_string(), "CREDENTIALS_DIRECTORY");
    assert!(render(&loaded).contains("callback.secret"));
}

#[test]
fn what_show_prints_says_the_same() {
    let given = sources(
        &["mode=gateway", "stream.cors_origins=[\"https://a\"]", "tasks.timeout=90s", "demo=false"],
        &[],
    );
    let loaded = load(&given).expect("valid");
    let printed = render(&loaded);
    let again: Config = toml::from_str(&printed).expect("what is printed is a config file");
    assert_eq!(again, loaded.config);
    assert!(printed.contains("# --set") && printed.contains("# default"), "{printed}");
}

#[test]
fn the_shipped_file_names_every_key_and_changes_only_demo() {
    let text = include_str!("../../dist/ssectld.toml");
    let config: Config = toml::from_str(text).expect("the shipped file is valid");
    assert_eq!(config, Config { demo: false, ..Config::default() });
    for key in all_keys() {
        let (_, name) = key.parts();
        assert!(text.lines().any(|line| line.starts_with(&format!("{name} = "))), "{} is missing", key.path);
    }
}

/// Text that is nearly a config file.
fn nearly_a_file() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(all_keys()).prop_map(|key| key.parts().1.to_owned()),
        prop::sample::select(all_keys()).prop_map(|key| format!("[{}]", key.parts().0)),
        prop::sample::select(vec![
            "=", "\"", "'''", "\n", "[", "]", "{", "}", ".", ",", "15s", "-1", "true", "ä", "\u{0}"
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_settings_or_a_clear_error(text in nearly_a_file()) {
        if let Err(error) = from_text(Path::new("any.toml"), &text, &mut Loaded::default()) {
            prop_assert!(error.to_string().contains("any.toml:"));
        }
    }

    #[test]
    fn any_assignment_is_taken_or_refused(key in prop_oneof![prop::sample::select(all_keys()).prop_map(|key| key.path.clone()), ".{0,12}"], value in ".{0,12}") {
        let _ = load(&sources(&[&format!("{key}={value}")], &[]));
    }
}

#[test]
fn a_cluster_has_servers_without_passwords_and_names_that_fit_subjects() {
    let refused = |set: &[&str]| told(&sources(set, &[]));
    let url = "cluster.nats_url=nats://a:4222, tls://b.example:4222";
    assert_eq!(load(&sources(&[url], &[])).is_ok(), cfg!(feature = "nats"));
    for (wrong, why) in [
        ("cluster.nats_url=http://a:4222", "nats://HOST:4222"),
        ("cluster.nats_url=nats://me:secret@a:4222", "cluster.credentials_file"),
        ("cluster.name=a.b", "A-Z a-z 0-9 _ -"),
        ("cluster.name=", "A-Z a-z 0-9 _ -"),
        ("cluster.member=web 1", "A-Z a-z 0-9 _ -"),
        ("cluster.replicas=2", "1, 3 or 5"),
    ] {
        let told = refused(&[url, wrong]);
        assert!(told.contains(why) && !told.contains("secret@"), "{wrong}: {told}");
    }
}
