//! Any number of tasks receive on one UDP socket: each datagram goes to one of them, none of
//! them is forgotten, and one that gives up takes nothing along.

mod net_support;

use std::cell::RefCell;
use std::rc::Rc;

use futures_lite::future::poll_once;
use hob::net::UdpSocket;
use hob::{JoinHandle, spawn};
use net_support::{asleep_on_sockets, run, settle};

async fn socket() -> Rc<UdpSocket> {
    Rc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap())
}

/// A task that receives one datagram and answers with its only byte.
fn receiver(socket: &Rc<UdpSocket>) -> JoinHandle<u8> {
    let socket = socket.clone();
    spawn(async move {
        let mut buf = [0; 16];
        let (n, _) = socket.recv_from(&mut buf).await.unwrap();
        assert_eq!(n, 1);
        buf[0]
    })
}

async fn send(to: &UdpSocket, byte: u8) {
    let socket = socket().await;
    let addr = to.local_addr().unwrap();
    socket.send_to(&[byte], addr).await.unwrap();
}

/// Trap 55. Broken by: `park_polled` in the place of `park` in `Waiter::poll_park`.
#[test]
fn four_receivers_get_a_datagram_each() {
    run(async {
        let socket = socket().await;
        let receivers = [(); 4].map(|()| receiver(&socket));
        settle().await;
        assert_eq!(asleep_on_sockets(), 4);
        for byte in 0..4 {
            send(&socket, byte).await;
        }
        let mut got = Vec::new();
        for receiver in receivers {
            got.push(receiver.await.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2, 3]);
    });
}

#[test]
fn no_datagram_is_received_twice_and_none_is_lost_among_many_receivers() {
    run(async {
        let socket = socket().await;
        let got = Rc::new(RefCell::new(Vec::new()));
        for _ in 0..4 {
            let (socket, got) = (socket.clone(), got.clone());
            spawn(async move {
                let mut buf = [0; 16];
                loop {
                    let n = socket.recv(&mut buf).await.unwrap();
                    got.borrow_mut().push(buf[..n].to_vec());
                }
            });
        }
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.connect(socket.local_addr().unwrap()).await.unwrap();
        for number in 0..500_u32 {
            sender.send(&number.to_be_bytes()).await.unwrap();
            // A few at a time, so that the kernel has no reason to throw any away.
            while number % 8 == 7 && got.borrow().len() <= number as usize {
                hob::yield_now().await;
            }
        }
        while got.borrow().len() < 500 {
            hob::yield_now().await;
        }
        settle().await;
        let mut got = got.take();
        got.sort_unstable();
        let all: Vec<_> = (0..500_u32).map(|n| n.to_be_bytes().to_vec()).collect();
        assert_eq!(got, all);
    });
}

#[test]
fn receivers_that_give_up_leave_the_others_to_be_woken() {
    run(async {
        let socket = socket().await;
        let [a, b, c, d] = [(); 4].map(|()| receiver(&socket));
        settle().await;
        a.abort();
        c.abort();
        settle().await;
        assert_eq!(asleep_on_sockets(), 2);
        send(&socket, 7).await;
        send(&socket, 8).await;
        let mut got = [b.await.unwrap(), d.await.unwrap()];
        got.sort_unstable();
        assert_eq!(got, [7, 8]);
        assert!(a.await.unwrap_err().is_cancelled());
        assert!(c.await.unwrap_err().is_cancelled());
    });
}

/// Trap 55. Broken by: `Side::unpark` looking at the index alone and not at the epoch.
#[test]
fn a_receive_given_up_after_an_event_takes_nobody_elses_seat() {
    run(async {
        let socket = socket().await;
        let mut buf = [0; 16];
        let mut given_up = socket.recv(&mut buf);
        assert!(poll_once(&mut given_up).await.is_none());
        // The event empties the list; `given_up` is not polled, and keeps its old key.
        send(&socket, 1).await;
        assert_eq!(receiver(&socket).await.unwrap(), 1);
        // This one gets the seat that `given_up` had.
        let receiver = receiver(&socket);
        settle().await;
        drop(given_up);
        send(&socket, 2).await;
        assert_eq!(receiver.await.unwrap(), 2);
    });
}

/// Trap 41. Broken by: `Several::take_all` taking only the first waiter.
#[test]
fn a_receiver_that_is_woken_and_then_aborted_leaves_the_datagram_to_the_next() {
    run(async {
        let socket = socket().await;
        // The first to wait is the first to be polled after the event.
        let mut readable = socket.readable();
        assert!(poll_once(&mut readable).await.is_none());
        let [first, second] = [(); 2].map(|()| receiver(&socket));
        settle().await;
        assert_eq!(asleep_on_sockets(), 2);
        send(&socket, 9).await;
        readable.await.unwrap();
        first.abort();
        assert_eq!(second.await.unwrap(), 9);
        assert!(first.await.unwrap_err().is_cancelled());
    });
}

/// Trap 55. Broken by: `park_polled` in the place of `park` in `Waiter::poll_park`.
#[test]
fn readable_may_be_awaited_beside_a_receive() {
    run(async {
        let socket = socket().await;
        let theirs = socket.clone();
        let watcher = spawn(async move { theirs.readable().await.unwrap() });
        let receiver = receiver(&socket);
        settle().await;
        assert_eq!(asleep_on_sockets(), 2);
        send(&socket, 1).await;
        watcher.await.unwrap();
        assert_eq!(receiver.await.unwrap(), 1);
    });
}
