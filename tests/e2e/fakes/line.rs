//! The line between a browser and a server: it passes everything on, and may be cut.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    pub address: SocketAddr,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    cut: bool,
    /// How often it broke and was whole again at once.
    breaks: usize,
}

impl Line {
    /// Lays one to a server.
    pub async fn to(server: SocketAddr) -> Self {
        Self::between(Ipv4Addr::LOCALHOST, server).await
    }

    /// Lays one to a server that begins at an address of this machine.
    pub async fn between(here: Ipv4Addr, server: SocketAddr) -> Self {
        let listener = TcpListener::bind((here, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let line = Self { address, state: watch::Sender::default() };
        tokio::spawn(line.clone().carry(listener, server));
        line
    }

    /// Cuts it: all connections are reset, and so is whoever tries.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cut = true);
    }

    /// Mends it.
    pub fn mend(&self) {
        self.state.send_modify(|state| state.cut = false);
    }

    /// Resets all connections of now. New ones are carried.
    #[cfg(feature = "nats")]
    pub fn flicker(&self) {
        self.state.send_modify(|state| state.breaks += 1);
    }

    async fn carry(self, listener: TcpListener, server: SocketAddr) {
        while let Ok((mut browser, _)) = listener.accept().await {
            let mut state = self.state.subscribe();
            let breaks = state.borrow().breaks;
            tokio::spawn(async move {
                let passing = async {
                    let mut server = TcpStream::connect(server).await?;
                    copy_bidirectional(&mut browser, &mut server).await
                };
                let passed = tokio::select! {
                    biased;
                    _ = state.wait_for(|now| now.cut || now.breaks > breaks) => false,
                    passed = passing => passed.is_ok(),
                };
                if !passed {
                    browser.set_zero_linger().expect("linger can be set");
                }
            });
        }
    }
}
