//! The line between a browser and a server: it passes everything on, and may be cut.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
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
    /// Words to the server after which nothing comes back from it.
    last: Option<&'static str>,
    /// They were passed on.
    deaf: bool,
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

    /// Mends it. Connections from which something is missing are reset.
    pub fn mend(&self) {
        self.state.send_modify(|state| {
            state.breaks += usize::from(state.deaf);
            (state.cut, state.deaf, state.last) = (false, false, None);
        });
    }

    /// Swallows whatever the server says from the moment in which these words are passed on to it, in one piece.
    #[cfg(feature = "nats")]
    pub fn deafen_after(&self, words: &'static str) {
        self.state.send_modify(|state| state.last = Some(words));
    }

    /// Passes on what a server is told.
    async fn ask(&self, browser: &mut ReadHalf<'_>, server: &mut WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = browser.read(&mut buffer).await?;
            let piece = &buffer[..length];
            let last = self.state.borrow().last;
            if last.is_some_and(|words| piece.windows(words.len()).any(|part| part == words.as_bytes())) {
                self.state.send_modify(|state| state.deaf = true);
            }
            if length == 0 {
                return server.shutdown().await;
            }
            server.write_all(piece).await?;
        }
    }

    /// Passes on what a server says.
    async fn answer(&self, server: &mut ReadHalf<'_>, browser: &mut WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = server.read(&mut buffer).await?;
            if length == 0 {
                return browser.shutdown().await;
            }
            if !self.state.borrow().deaf {
                browser.write_all(&buffer[..length]).await?;
            }
        }
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
            let line = self.clone();
            tokio::spawn(async move {
                let passing = async {
                    let mut server = TcpStream::connect(server).await?;
                    let (mut from, mut to) = browser.split();
                    let (mut answers, mut asks) = server.split();
                    tokio::try_join!(line.ask(&mut from, &mut asks), line.answer(&mut answers, &mut to))
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
