//! `hob::tasks()` says what each task waits for on a socket, and where in the program.

mod tcp_support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hob::net::{TcpListener, TcpStream};
use hob::{Event, Observer, TaskInfo, WaitKind};
use tcp_support::{pair, run, settle};

fn task(name: &str) -> TaskInfo {
    let tasks = hob::tasks();
    let found = tasks.into_iter().find(|t| t.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no task {name}"))
}

/// Broken by: making the operations `async fn`s, on which `#[track_caller]` does nothing.
#[test]
fn a_task_that_waits_for_a_socket_says_for_what_and_where() {
    run(async {
        let lines = Rc::new(Cell::new([0, 0]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (here, there) = pair().await;
        let seen = lines.clone();
        hob::spawn_named("accepts", async move {
            seen.set([line!() + 1, seen.get()[1]]);
            listener.accept().await.map(drop)
        });
        let seen = lines.clone();
        hob::spawn_named("writes", async move {
            let (_there, bytes) = (there, vec![0; 16 << 20]);
            seen.set([seen.get()[0], line!() + 1]);
            here.write_all(&bytes).await
        });
        settle().await;
        let [accepts, writes] = lines.get();
        for (name, kind, line) in [
            ("accepts", WaitKind::Readable, accepts),
            ("writes", WaitKind::Writable, writes),
        ] {
            let wait = task(name).wait.expect("it waits");
            assert_eq!(wait.kind, kind);
            assert_eq!((wait.at.file(), wait.at.line()), (file!(), line));
        }
    });
}

/// Broken by: telling of nothing but the interrupt in `Reactor::wait`.
#[test]
fn an_observer_hears_of_the_very_socket_that_a_task_waits_for() {
    #[derive(Clone, Default)]
    struct Heard(Rc<RefCell<Vec<u64>>>);
    impl Observer for Heard {
        fn event(&self, event: Event) {
            if let Event::IoEvent(token) = event {
                self.0.borrow_mut().push(token as u64);
            }
        }
    }
    let heard = Heard::default();
    let runtime = hob::Builder::new().observer(heard.clone()).build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accepting = hob::spawn_named("accepts", async move { listener.accept().await });
        settle().await;
        let waits_for = task("accepts").wait.expect("it waits").resource;
        assert!(!heard.0.borrow().contains(&waits_for));
        let _stream = TcpStream::connect(addr).await.unwrap();
        accepting.await.unwrap().unwrap();
        assert!(heard.0.borrow().contains(&waits_for));
    });
}
