//! What a storm of reconnects is held against: a process that takes connections, two at a time, reads what comes and
//! answers each with the same head and event.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    thread,
};

/// The argument that makes this program that process.
pub(crate) const SERVE: &str = "--serve-bare";

const THREADS: usize = 2;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: version\ndata: {\"version\":\"1.0.0\"}\n\n";

/// Serves until the process is killed. Prints the address when it is ready.
pub(crate) fn serve() -> io::Result<()> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(4096)?;
    let listener: TcpListener = socket.into();
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut open = Vec::new();
                for mut socket in listener.incoming().flatten() {
                    // Whoever broke off is not waited for by anybody.
                    let _ = socket.read(&mut [0; 1024]).and_then(|_| socket.write_all(ANSWER));
                    open.push(socket);
                }
            });
        }
    });
    Ok(())
}

/// The process, until it is dropped.
pub(crate) struct Bare {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Bare {
    pub(crate) fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?).arg(SERVE).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, address })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
