use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A frontend that answers every request like this, and the fetcher of its version.
async fn frontend<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> (FrontendVersion, Arc<Metrics>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = [0; 4096];
            // What is asked does not matter.
            let _ = socket.read(&mut head).await;
            tokio::spawn(answer(socket));
        }
    });
    let metrics = Arc::new(Metrics::new());
    let url = format!("http://{address}/version.json?token=hush");
    (FrontendVersion::new(&url, Arc::clone(&metrics)).expect("a URL"), metrics)
}

async fn answer(mut socket: TcpStream, status: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // A fetcher that has seen enough hangs up.
    let _ = socket.write_all(head.as_bytes()).await;
    let _ = socket.write_all(body).await;
}

async fn asked(status: &'static str, body: impl Into<Vec<u8>>) -> (Option<String>, String) {
    let body: Arc<[u8]> = body.into().into();
    let (frontend, metrics) = frontend(move |socket| {
        let body = Arc::clone(&body);
        async move { answer(socket, status, &body).await }
    })
    .await;
    let told = frontend.get().await.map(|fetched| fetched.document.as_str().to_owned());
    (told, metrics.render())
}

#[tokio::test]
async fn vs_2_the_document_is_passed_on_whole_on_one_line() {
    let body = "{\n  \"version\": \"1.4.0\",\n  \"built\": 1.50\n}\n";
    let (told, metrics) = asked("200 OK", body).await;
    assert_eq!(told.as_deref(), Some(r#"{"version":"1.4.0","built":1.50}"#));
    assert!(metrics.contains(r#"ssectld_version_fetches_total{result="ok"} 1"#));
}

#[tokio::test]
async fn vs_3_bug_v5_bug_v6_an_error_sends_nothing_and_is_counted() {
    for status in ["404 Not Found", "500 Internal Server Error", "302 Found", "204 No Content"] {
        let (told, metrics) = asked(status, r#"{"version":"1"}"#).await;
        assert_eq!(told, None, "{status}");
        assert!(metrics.contains(r#"ssectld_version_fetches_total{result="status"} 1"#), "{status}");
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
    let metrics = Arc::new(Metrics::new());
    let frontend = FrontendVersion::new(&format!("http://{gone}/"), Arc::clone(&metrics)).expect("a URL");
    assert_eq!(frontend.get().await, None);
    assert_eq!(frontend.last(), None);
    assert!(metrics.render().contains(r#"result="unreachable"} 1"#));
}

#[tokio::test]
async fn bug_v3_only_an_object_with_a_version_is_passed_on() {
    let large = format!(r#"{{"version":"1","x":"{}"}}"#, "x".repeat(MAX_BODY_BYTES));
    let deep = format!(r#"{{"version":"1","x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    for body in [
        "",
        "null",
        "[]",
        "\"1.0\"",
        "17",
        "{}",
        r#"{"version":null}"#,
        r#"{"version":3}"#,
        r#"{"version":""}"#,
        r#"{"version":"1","x":NaN}"#,
        r#"{"version":"1"} x"#,
        r#"{"version":"1""#,
        "<html>",
        &large,
        &deep,
    ] {
        let (told, metrics) = asked("200 OK", body).await;
        assert_eq!(told, None, "{body:.40}");
        assert!(metrics.contains(r#"result="invalid"} 1"#), "{body:.40}");
    }
    assert_eq!(asked("200 OK", b"{\"version\":\"\xff\"}").await.0, None, "not UTF-8");
}

#[tokio::test(start_paused = true)]
async fn bug_v4_the_limit_is_for_the_whole_answer() {
    let (frontend, metrics) = frontend(|mut socket| async move {
        let body = r#"{"version":"1.0.0"}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        for byte in head.bytes().chain(body.bytes()) {
            if socket.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    let asked_at = Instant::now();
    assert_eq!(frontend.get().await, None);
    assert_eq!(asked_at.elapsed().as_secs(), 2);
    assert!(metrics.render().contains(r#"result="time_out"} 1"#));
}

#[test]
fn what_is_logged_of_the_url_has_no_query() {
    let url = outbound::parse("http://127.0.0.1:1/version.json?token=hush#x").expect("a URL");
    assert_eq!(shown(&url), "http://127.0.0.1:1/version.json");
}
