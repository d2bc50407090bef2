//! What a typical Rust server does: axum, a broadcast channel, `Sse`.

use std::{convert::Infallible, io, io::Write as _};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::sse::{Event, Sse},
    routing::{get, post},
};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::{self, error::RecvError};

/// Serves until the process is killed. Prints its port, twice, when it is ready.
pub(crate) fn serve() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (events, _) = broadcast::channel::<String>(16_384);
        let router = Router::new()
            .route("/publish", post(publish))
            .route("/{*path}", get(subscribe))
            .with_state(events);
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(4096)?;
        let address = listener.local_addr()?;
        writeln!(io::stdout(), "{address} {address}")?;
        axum::serve(listener, router).await
    })
}

async fn publish(State(events): State<broadcast::Sender<String>>, body: String) -> StatusCode {
    let _ = events.send(body);
    StatusCode::OK
}

async fn subscribe(
    State(events): State<broadcast::Sender<String>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold(events.subscribe(), async |mut inbox| {
        loop {
            match inbox.recv().await {
                Ok(data) => return Some((Ok(Event::default().data(data)), inbox)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }))
}
