//! The line between a browser and a server: it passes everything on, and may be cut.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    pub address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Line {
    /// Lays one to a server.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let line =
            Self { address: listener.local_addr().expect("it is bound"), whole: watch::Sender::new(true) };
        tokio::spawn(line.clone().carry(listener, server));
        line
    }

    /// Cuts it: all connections are reset, and so is whoever tries.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Mends it.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }

    async fn carry(self, listener: TcpListener, server: SocketAddr) {
        while let Ok((mut browser, _)) = listener.accept().await {
            let mut whole = self.whole.subscribe();
            tokio::spawn(async move {
                let passing = async {
                    let mut server = TcpStream::connect(server).await?;
                    copy_bidirectional(&mut browser, &mut server).await
                };
                let passed = tokio::select! {
                    biased;
                    _ = whole.wait_for(|whole| !whole) => false,
                    passed = passing => passed.is_ok(),
                };
                if !passed {
                    browser.set_zero_linger().expect("linger can be set");
                }
            });
        }
    }
}
