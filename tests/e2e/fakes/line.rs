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
    /// Words to the server in which a number is to be changed.
    leap: Option<&'static str>,
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

    /// Has the next consumer of a stream begin after all that is there, as some servers do by mistake.
    #[cfg(feature = "nats")]
    pub fn leap_in(&self, stream: &'static str) {
        self.state.send_modify(|state| state.leap = Some(stream));
    }

    /// Waits until it was made.
    #[cfg(feature = "nats")]
    pub async fn leapt(&self) {
        let mut state = self.state.subscribe();
        let leapt = state.wait_for(|state| state.leap.is_none());
        crate::harness::within("a consumer to be made", leapt).await.expect("the line is there");
    }

    /// Changes what a server is told, if that was asked for.
    fn change(&self, piece: &mut [u8]) {
        const BEGIN: &[u8] = b"\"opt_start_seq\":";
        let Some(stream) = self.state.borrow().leap else { return };
        let create = format!("CONSUMER.CREATE.{stream}");
        let found = |from: usize, words: &[u8]| {
            let at = piece[from..].windows(words.len()).position(|part| part == words);
            at.map(|at| from + at + words.len())
        };
        if let Some(begin) = found(0, create.as_bytes()).and_then(|from| found(from, BEGIN)) {
            piece[begin..]
                .iter_mut()
                .take_while(|byte| byte.is_ascii_digit())
                .for_each(|digit| *digit = b'9');
            self.state.send_modify(|state| state.leap = None);
        }
    }

    /// Passes on what a server is told.
    async fn ask(&self, browser: &mut ReadHalf<'_>, server: &mut WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = browser.read(&mut buffer).await?;
            self.change(&mut buffer[..length]);
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
