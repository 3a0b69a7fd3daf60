//! A proxy between a client and a server that can swallow all that either says, and close nothing: a network that has
//! lost a connection without telling.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How often it has swallowed so far; it swallows while that is odd.
type Turns = u64;

/// A proxy for any number of connections to one address; ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    turns: watch::Sender<Turns>,
}

impl Proxy {
    /// A proxy to this address, on a port of its own, that forwards.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let turns = watch::Sender::new(0);
        tokio::spawn(accept(listener, target, turns.subscribe()));
        Self { address, turns }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Swallows from here on: bytes are taken from both ends and reach neither, new connections are accepted and lead
    /// nowhere, and nothing is closed.
    pub fn swallow(&self) {
        self.turns.send_modify(|turns| *turns |= 1);
    }

    /// Forwards again. Connections from which something may have been swallowed are closed.
    pub fn forward(&self) {
        self.turns.send_modify(|turns| *turns += *turns % 2);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, turns: watch::Receiver<Turns>) {
    let accepting = async {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, target, turns.clone()));
        }
    };
    let mut proxy = turns.clone();
    tokio::select! {
        () = accepting => {}
        _ = proxy.wait_for(|_| false) => {}
    }
}

/// One connection, until it ends, or the proxy does, or something of it may be missing.
async fn serve(client: TcpStream, target: SocketAddr, turns: watch::Receiver<Turns>) {
    let mut proxy = turns.clone();
    let begun = *proxy.borrow();
    let passing = async {
        if begun % 2 == 1 {
            return std::future::pending().await;
        }
        let Ok(server) = TcpStream::connect(target).await else { return };
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        join(pass(from_client, to_server, &turns), pass(from_server, to_client, &turns)).await;
    };
    tokio::select! {
        () = passing => {}
        _ = proxy.wait_for(|turns| *turns > begun && turns % 2 == 0) => {}
    }
}

/// Passes on what one end says, its goodbye included, unless it is to be swallowed.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, turns: &watch::Receiver<Turns>) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await.unwrap_or(0);
        let swallows = *turns.borrow() % 2 == 1;
        match count {
            0 if swallows => return std::future::pending().await,
            0 => return drop(to.shutdown().await),
            _ if swallows => {}
            _ => {
                if to.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn says_back(stream: &mut TcpStream, text: &[u8]) -> bool {
        let mut answer = vec![0; text.len()];
        let asking = async {
            stream.write_all(text).await?;
            stream.read_exact(&mut answer).await
        };
        tokio::time::timeout(Duration::from_millis(300), asking).await.is_ok_and(|asked| asked.is_ok())
            && answer == text
    }

    #[tokio::test]
    async fn what_is_swallowed_is_gone_and_nobody_is_told() {
        let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Proxy::to(echo.local_addr().unwrap()).await;
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let mut old = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(says_back(&mut old, b"before").await);
        proxy.swallow();
        let mut meanwhile = TcpStream::connect(proxy.address()).await.unwrap();
        for stream in [&mut old, &mut meanwhile] {
            assert!(!says_back(stream, b"hello?").await);
        }
        proxy.forward();
        for stream in [&mut old, &mut meanwhile] {
            assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)), "it is closed");
        }
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(says_back(&mut new, b"after").await);
    }
}
