//! What is set on a UDP socket is so, and a group that was joined is heard.

mod net_support;

use std::net::Ipv6Addr;

use hob::net::UdpSocket;
use net_support::run;

#[test]
fn options_are_what_they_were_set_to() {
    run(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        assert!(!socket.broadcast().unwrap());
        socket.set_broadcast(true).unwrap();
        assert!(socket.broadcast().unwrap());
        socket.set_ttl(7).unwrap();
        assert_eq!(socket.ttl().unwrap(), 7);
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 1);
        socket.set_multicast_ttl_v4(9).unwrap();
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 9);
        assert_eq!(socket.ttl().unwrap(), 7, "the two are apart");
        assert!(socket.multicast_loop_v4().unwrap());
        socket.set_multicast_loop_v4(false).unwrap();
        assert!(!socket.multicast_loop_v4().unwrap());
    });
}

/// On a machine without IPv6 there is nothing to test.
#[test]
fn options_of_ipv6_are_what_they_were_set_to() {
    run(async {
        let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
            return;
        };
        assert!(socket.multicast_loop_v6().unwrap());
        socket.set_multicast_loop_v6(false).unwrap();
        assert!(!socket.multicast_loop_v6().unwrap());
        let group: Ipv6Addr = "ff01::4862".parse().unwrap();
        let lo = 1;
        if socket.join_multicast_v6(&group, lo).is_ok() {
            socket.leave_multicast_v6(&group, lo).unwrap();
        }
        assert!(socket.leave_multicast_v6(&group, lo).is_err());
    });
}

/// Only where the loopback network is known to carry multicast.
#[cfg(target_os = "linux")]
#[test]
fn a_group_is_heard_from_joining_to_leaving() {
    use net_support::{kind, settle};
    use std::io::ErrorKind::{AddrNotAvailable, WouldBlock};
    use std::net::Ipv4Addr;

    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 72, 111, 98);

    run(async {
        let hearer = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        let to = (GROUP, hearer.local_addr().unwrap().port());
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let options = socket2::SockRef::from(&sender);
        options.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();

        let joined = hearer.join_multicast_v4(GROUP, Ipv4Addr::LOCALHOST);
        joined.unwrap();
        sender.send_to(b"all", to).await.unwrap();
        let mut buf = [0; 16];
        let (n, from) = hearer.recv_from(&mut buf).await.unwrap();
        assert_eq!((n, from), (3, sender.local_addr().unwrap()));

        let left = hearer.leave_multicast_v4(GROUP, Ipv4Addr::LOCALHOST);
        left.unwrap();
        sender.send_to(b"all", to).await.unwrap();
        settle().await;
        assert_eq!(kind(hearer.try_recv(&mut buf)), WouldBlock);
        let again = hearer.leave_multicast_v4(GROUP, Ipv4Addr::LOCALHOST);
        assert_eq!(kind(again), AddrNotAvailable);
    });
}
