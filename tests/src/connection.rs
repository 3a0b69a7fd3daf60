//! One TCP connection on which a test speaks HTTP/1.1 by hand, so that it can be slow, silent, and wrong.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::Server;
use crate::deadline::within;

/// One connection to a server.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Connection {
    /// A connection on which nothing has been said yet.
    pub async fn to(server: &Server) -> Self {
        Self::narrow(server, None).await
    }

    /// The same with a small receive buffer, for a test that stops reading.
    pub async fn narrow(server: &Server, receive_buffer: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let stream = within("a TCP connection", socket.connect(server.address())).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Says something; that the server does not listen any more is seen by reading.
    pub async fn say(&mut self, text: impl AsRef<[u8]>) {
        let _ = within("the server to take what is said", self.stream.write_all(text.as_ref())).await;
    }

    /// The head of the next answer; none if the connection ends instead.
    pub async fn try_head(&mut self) -> Option<Head> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let count = within("the head of an answer", self.stream.read_line(&mut line)).await.unwrap_or(0);
            let line = line.trim_end().to_owned();
            match (count, line.is_empty()) {
                (0, _) => return None,
                (_, true) => break,
                (_, false) => lines.push(line),
            }
        }
        let status = lines[0].split(' ').nth(1).and_then(|status| status.parse().ok());
        let headers = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        Some(Head { status: status.unwrap_or_else(|| panic!("no status: {}", lines[0])), headers })
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> Head {
        self.try_head().await.expect("an answer, but the connection ended")
    }

    /// The next answer with its body, which has to have a length; none if the connection ends instead.
    pub async fn answer(&mut self) -> Option<(Head, String)> {
        let head = self.try_head().await?;
        let length = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        within("the body of an answer", self.stream.read_exact(&mut body)).await.ok()?;
        Some((head, String::from_utf8_lossy(&body).into_owned()))
    }

    /// The next chunk of a body that is sent in chunks: none at its orderly end, an error if the connection was lost.
    pub async fn chunk(&mut self) -> std::io::Result<Option<String>> {
        let mut size = String::new();
        if self.stream.read_line(&mut size).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| std::io::ErrorKind::InvalidData)?;
        let mut bytes = vec![0; size + 2];
        self.stream.read_exact(&mut bytes).await?;
        bytes.truncate(size);
        Ok((size > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Waits until the server has closed the connection, and gives what it still said.
    pub async fn ended(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = within("the server to close the connection", self.stream.read_to_end(&mut rest)).await;
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Whether the connection is still open, and nothing was said for this long.
    pub async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.stream.fill_buf()).await.is_err()
    }

    /// Takes at most so many bytes off the wire, and throws them away: how many; none if the connection has ended.
    pub async fn take(&mut self, most: usize) -> usize {
        let mut bytes = vec![0; most];
        self.stream.get_mut().read(&mut bytes).await.unwrap_or(0)
    }

    /// Cuts the connection with a TCP reset.
    pub fn cut(self) {
        SockRef::from(self.stream.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    }
}
