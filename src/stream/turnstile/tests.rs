use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::stream::head::HeadFault;

fn judge(bytes: &[u8]) -> Verdict<String> {
    head::read(bytes, |request| match (request.method, request.path) {
        (Some("GET"), Some(path)) if path.starts_with("/stream") => Verdict::Stream(path.to_owned()),
        _ => Verdict::Other,
    })
}

/// Sends pieces, and returns what was let through and what it stopped at.
async fn pass(first: &[u8], pieces: &[&[u8]]) -> (Vec<u8>, Option<Verdict<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (mut client, (socket, _)) = (client.expect("connected"), accepted.expect("accepted"));
    let mut turnstile = Turnstile::new(first.into(), socket, judge);
    let sending = async {
        for piece in pieces {
            client.write_all(piece).await.expect("sent");
            tokio::task::yield_now().await;
        }
        client.shutdown().await.expect("ended");
    };
    let mut passed = Vec::new();
    let reading = async { turnstile.read_to_end(&mut passed).await };
    let ((), read) = tokio::join!(sending, reading);
    read.expect("read");
    (passed, turnstile.stopped().map(|(verdict, _)| verdict))
}

const STREAM: &str = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn requests_pass_whole_until_one_is_a_stream() {
    let post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n";
    // A body may look like anything.
    let body = format!("{STREAM:.<40}");
    let before = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n{post}{}", &body[..40]);
    let (passed, stopped) = pass(b"", &[before.as_bytes(), STREAM.as_bytes(), b"more"]).await;
    assert_eq!(String::from_utf8(passed).expect("text"), before);
    assert_eq!(stopped, Some(Verdict::Stream("/stream".to_owned())));
}

#[tokio::test]
async fn a_body_in_chunks_is_the_last_and_what_is_no_http_stops() {
    let chunked = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let all = format!("{chunked}{STREAM}");
    let (passed, stopped) = pass(all.as_bytes(), &[]).await;
    assert_eq!((passed, stopped), (all.into_bytes(), None));
    let (passed, stopped) = pass(b"", &[b"\x16\x03\x01 TLS\r\n\r\n"]).await;
    assert_eq!((passed.len(), stopped), (0, Some(Verdict::Bad(HeadFault::Malformed))));
    let (passed, stopped) = pass(b"GET /x", &[b" HTTP/1.1\r\n"]).await;
    assert_eq!((passed.len(), stopped), (0, None), "half a head is nobody's");
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::collection::vec(any::<u8>(), 0..60);
    ("[a-z]{1,8}", body).prop_map(|(path, body)| {
        let head = format!("POST /{path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), &body].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn however_the_bytes_are_cut_the_same_passes(
        requests in prop::collection::vec(request(), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let before = requests.concat();
        let all = [&before, STREAM.as_bytes()].concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &all[pair[0]..pair[1]]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (passed, stopped) = runtime.block_on(pass(pieces[0], &pieces[1..]));
        prop_assert_eq!(passed, before);
        prop_assert_eq!(stopped, Some(Verdict::Stream("/stream".to_owned())));
    }
}
