//! Any number of tasks may wait for the same direction of one socket, and come and go.

mod tcp_support;

use std::cell::RefCell;
use std::rc::Rc;

use futures_lite::StreamExt;
use hob::net::{TcpListener, TcpStream};
use tcp_support::{pair_with_std, run, send_and_settle, settle};

/// Trap 55. Broken by: parking every waiter in the slot `polled` of its side.
#[test]
fn four_tasks_accept_on_one_listener_and_each_gets_a_connection() {
    run(async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addr = listener.local_addr().unwrap();
        let accepting: Vec<_> = (0..4)
            .map(|_| {
                let listener = listener.clone();
                hob::spawn(async move { listener.accept().await.unwrap() })
            })
            .collect();
        settle().await;
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(
                TcpStream::connect(addr)
                    .await
                    .unwrap()
                    .local_addr()
                    .unwrap(),
            );
        }
        let mut served = Vec::new();
        for task in accepting {
            served.push(task.await.unwrap().1);
        }
        clients.sort();
        served.sort();
        assert_eq!(served, clients);
    });
}

/// Traps 41 and 55. Broken by: waking only the first of the list in `Side::take_all`.
#[test]
fn two_of_four_give_up_when_woken_and_the_other_two_serve_all() {
    run(async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addr = listener.local_addr().unwrap();
        let served = Rc::new(RefCell::new(Vec::new()));
        let accepting: Vec<_> = (0..4)
            .map(|_| {
                let (listener, served) = (listener.clone(), served.clone());
                hob::spawn(async move {
                    let (_, peer) = listener.accept().await.unwrap();
                    served.borrow_mut().push(peer);
                })
            })
            .collect();
        settle().await;
        let clients = [(); 2].map(|()| std::net::TcpStream::connect(addr).unwrap());
        // The kernel is visited and the four are woken; but this future comes before them.
        hob::yield_now().await;
        accepting[0].abort();
        accepting[1].abort();
        settle().await;
        let mut served = served.take();
        let mut clients = clients.map(|c| c.local_addr().unwrap());
        clients.sort();
        served.sort();
        assert_eq!(served, clients);
    });
}

/// Trap 55. Broken by: parking every waiter in the slot `polled` of its side.
#[test]
fn readable_beside_read_beside_a_trait_wakes_all_of_them() {
    run(async {
        let (here, mut there) = pair_with_std().await;
        let here = Rc::new(here);
        let waiting = {
            let here = here.clone();
            hob::spawn(async move { here.readable().await })
        };
        let peeking = {
            let here = here.clone();
            hob::spawn(async move { here.peek(&mut [0; 8]).await })
        };
        let reading = {
            let here = here.clone();
            hob::spawn(async move {
                let mut byte = [0];
                futures_lite::AsyncReadExt::read_exact(&mut &*here, &mut byte).await
            })
        };
        settle().await;
        send_and_settle(&mut there, b"xy").await;
        waiting.await.unwrap().unwrap();
        assert!(peeking.await.unwrap().unwrap() >= 1);
        reading.await.unwrap().unwrap();
        assert_eq!(here.try_read(&mut [0; 8]).unwrap(), 1);
    });
}

#[test]
fn incoming_gives_one_connection_after_the_other() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(std::net::TcpStream::connect(addr).unwrap());
        }
        let served: Vec<_> = listener.incoming().take(5).collect().await;
        let served = served.into_iter().map(|s| s.unwrap().peer_addr().unwrap());
        let mut served: Vec<_> = served.collect();
        let mut clients: Vec<_> = clients.iter().map(|s| s.local_addr().unwrap()).collect();
        served.sort();
        clients.sort();
        assert_eq!(served, clients);
    });
}
