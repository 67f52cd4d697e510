//! Channels and queues, given up at each poll: no message is lost that the docs say is not lost,
//! none is there twice, and places and items that were on their way go to whoever is behind.
//!
//! In each scene one gives up, at every moment that there is, and the others live on.

mod cancel_support;

use cancel_support::{SECOND, behind, pause, quit_at_every_poll, waits_and_leaves};
use hob::sync::{Queue, broadcast, mpsc, oneshot, remote, watch};
use hob::testing::cancel_at_every_poll;
use hob::time::timeout;
use hob::{join, yield_now};

// Channels.

/// Broken by: leaving out the drop of any of these futures.
#[test]
fn a_channel_does_not_keep_the_waker_of_one_who_gave_up() {
    hob::block_on(async {
        let (sender, mut receiver) = mpsc::channel::<u32>(1);
        waits_and_leaves(receiver.recv()).await;
        waits_and_leaves(receiver.recv_many(&mut Vec::new(), 2)).await;
        waits_and_leaves(sender.closed()).await;
        let (_sender, mut receiver) = mpsc::unbounded_channel::<u32>();
        waits_and_leaves(receiver.recv()).await;
        waits_and_leaves(receiver.recv_many(&mut Vec::new(), 2)).await;
        let (sender, mut receiver) = watch::channel(0);
        waits_and_leaves(receiver.changed()).await;
        waits_and_leaves(receiver.wait_for(|n| *n == 1)).await;
        waits_and_leaves(sender.closed()).await;
        let (sender, mut receiver) = broadcast::channel::<u32>(1);
        waits_and_leaves(receiver.recv()).await;
        waits_and_leaves(sender.closed()).await;
        let (mut sender, _receiver) = oneshot::channel::<u32>();
        waits_and_leaves(sender.closed()).await;
        let (sender, mut receiver) = remote::mpsc::channel::<u32>(1);
        waits_and_leaves(receiver.recv()).await;
        waits_and_leaves(sender.closed()).await;
        let (mut sender, _receiver) = remote::oneshot::channel::<u32>();
        waits_and_leaves(sender.closed()).await;
    });
}

/// Broken by: taking a message in the drop of `mpsc::Recv`.
#[test]
fn a_recv_that_is_given_up_loses_no_message() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(1);
        let (sent, got) = join!(
            async {
                pause().await;
                sender.send(1).await
            },
            quitter.run(receiver.recv())
        );
        assert!(sent.is_ok());
        assert_eq!(got.flatten().or(receiver.try_recv().ok()), Some(1));
        assert!(receiver.is_empty());
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let ((), got) = join!(
            async {
                pause().await;
                sender.send(1).unwrap();
            },
            quitter.run(receiver.recv())
        );
        assert_eq!(got.flatten().or(receiver.try_recv().ok()), Some(1));
    });
}

#[test]
fn a_recv_many_that_is_given_up_touches_neither_channel_nor_buffer() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(3);
        let mut buffer = vec![0];
        let ((), got) = join!(
            async {
                pause().await;
                for n in 1..=3 {
                    sender.try_send(n).unwrap();
                }
            },
            quitter.run(receiver.recv_many(&mut buffer, 2))
        );
        let taken = got.unwrap_or(0);
        assert_eq!(buffer, &[0, 1, 2][..=taken]);
        assert_eq!(receiver.len(), 3 - taken);
    });
}

/// Trap 41. Broken by: leaving out the drop of `mpsc::Send`.
#[test]
fn a_send_that_is_given_up_has_not_sent_and_its_place_goes_to_the_next() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(0).await.unwrap();
        let (sent, next, got) = join!(quitter.run(sender.send(1)), behind(sender.send(2)), async {
            pause().await;
            let first = receiver.recv().await;
            // By now nobody is on the way.
            pause().await;
            let mut got = vec![first.unwrap()];
            while let Ok(Some(message)) = timeout(SECOND, receiver.recv()).await {
                got.push(message);
            }
            got
        });
        assert!(next.is_ok());
        let expected: &[_] = if sent.is_some() { &[0, 1, 2] } else { &[0, 2] };
        assert_eq!(got, expected);
        assert_eq!(sender.capacity(), 1);
    });
}

/// Broken by: leaving out the drop of `Send`, `Reserve`, `ReserveMany` or `ReserveOwned`.
#[test]
fn places_on_their_way_to_one_who_gives_up_stay_in_the_channel() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(0).await.unwrap();
        let timed = quitter.run(sender.send_timeout(1, SECOND));
        let (sent, got) = join!(timed, async {
            pause().await;
            receiver.recv().await
        });
        assert_eq!(got, Some(0));
        assert_eq!(receiver.try_recv().ok(), sent.map(|_| 1));
        assert_eq!(sender.capacity(), 1);
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(2);
        let fill = sender.reserve_many(2).await.unwrap();
        fill.for_each(|permit| permit.send(0));
        join!(
            async { drop(quitter.run(sender.reserve_many(2)).await) },
            behind(async { drop(sender.reserve().await.unwrap()) }),
            async {
                pause().await;
                receiver.recv().await;
                pause().await;
                receiver.recv().await;
            }
        );
        assert_eq!(sender.capacity(), 2);
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(0).await.unwrap();
        join!(
            async { drop(quitter.run(sender.clone().reserve_owned()).await) },
            behind(async { drop(sender.reserve().await.unwrap()) }),
            behind(async { drop(sender.clone().reserve_owned().await.unwrap()) }),
            async {
                pause().await;
                receiver.recv().await;
            }
        );
        assert_eq!((sender.capacity(), sender.strong_count()), (1, 1));
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(0).await.unwrap();
        join!(
            async { drop(quitter.run(sender.reserve()).await) },
            behind(async { sender.send(1).await.unwrap() }),
            async {
                pause().await;
                receiver.recv().await;
                receiver.recv().await;
            }
        );
        assert_eq!(sender.capacity(), 1);
    });
}

/// Broken by: leaving out the drop of `Closed` in `watch`, `broadcast` or `remote`, or that of
/// `Notified`, which is what `mpsc` waits with.
#[test]
fn all_who_wait_for_the_end_of_a_channel_leave_no_trace() {
    quit_at_every_poll(async |quitter| {
        let (sender, receiver) = mpsc::channel::<()>(1);
        join!(
            quitter.run(sender.closed()),
            behind(sender.closed()),
            async {
                pause().await;
                drop(receiver);
            }
        );
    });
    quit_at_every_poll(async |quitter| {
        let (sender, receiver) = watch::channel(());
        join!(
            quitter.run(sender.closed()),
            behind(sender.closed()),
            async {
                pause().await;
                drop(receiver);
            }
        );
    });
    quit_at_every_poll(async |quitter| {
        let (sender, receiver) = broadcast::channel::<()>(1);
        join!(
            quitter.run(sender.closed()),
            behind(sender.closed()),
            async {
                pause().await;
                drop(receiver);
            }
        );
    });
    quit_at_every_poll(async |quitter| {
        let (sender, receiver) = remote::mpsc::channel::<()>(1);
        join!(
            quitter.run(sender.closed()),
            behind(sender.closed()),
            async {
                pause().await;
                drop(receiver);
            }
        );
    });
    quit_at_every_poll(async |quitter| {
        let (mut sender, receiver) = oneshot::channel::<()>();
        let (mut far, near) = remote::oneshot::channel::<()>();
        join!(
            quitter.run(sender.closed()),
            quitter.run(far.closed()),
            async {
                pause().await;
                drop((receiver, near));
            }
        );
    });
}

#[test]
fn a_oneshot_that_is_given_up_still_has_its_value() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = oneshot::channel();
        let (got, ()) = join!(quitter.run(&mut receiver), async {
            pause().await;
            sender.send(1).unwrap();
        });
        let late = if got.is_none() {
            Some(receiver.await)
        } else {
            None
        };
        assert_eq!(got.or(late), Some(Ok(1)));
    });
}

/// Broken by: `mark_unchanged` in the drop of `Changed`.
#[test]
fn a_value_counts_as_seen_only_by_one_who_saw_it() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = watch::channel(0);
        let mut other = receiver.clone();
        let (got, seen, ()) = join!(
            quitter.run(receiver.changed()),
            behind(other.changed()),
            async {
                pause().await;
                sender.send(1).unwrap();
            }
        );
        assert!(seen.is_ok());
        assert_eq!(receiver.has_changed(), Ok(got.is_none()));
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = watch::channel(0);
        let waiting = async { receiver.wait_for(|n| *n == 2).await.map(|seen| *seen) };
        let (got, ()) = join!(quitter.run(waiting), async {
            for n in 1..=2 {
                pause().await;
                sender.send(n).unwrap();
            }
        });
        assert!(got.is_none_or(|seen| seen == Ok(2)));
        assert_eq!(*receiver.wait_for(|n| *n == 2).await.unwrap(), 2);
    });
}

/// Broken by: moving on in the drop of `broadcast::Recv`.
#[test]
fn a_broadcast_that_is_given_up_is_there_for_the_next_recv() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = broadcast::channel(2);
        let mut other = sender.subscribe();
        let (got, heard, ()) = join!(quitter.run(receiver.recv()), behind(other.recv()), async {
            pause().await;
            sender.send(1).unwrap();
        });
        assert_eq!(heard, Ok(1));
        assert_eq!(
            got.unwrap_or_else(|| receiver.try_recv().map_err(|_| unreachable!())),
            Ok(1)
        );
        assert!(receiver.is_empty() && sender.is_empty());
    });
}

// The queue.

/// Trap 41. Broken by: leaving out the drop of `Put`, or that of `Get`.
#[test]
fn a_queue_gets_an_item_or_does_not_and_gives_each_to_somebody() {
    quit_at_every_poll(async |quitter| {
        let queue = Queue::new(1);
        queue.put(0).await.unwrap();
        let (put, next, got) = join!(quitter.run(queue.put(1)), behind(queue.put(2)), async {
            pause().await;
            let mut got = Vec::new();
            while let Ok(Ok(item)) = timeout(SECOND, queue.get()).await {
                got.push(item);
                queue.task_done();
            }
            got
        });
        assert!(next.is_ok());
        let expected: &[_] = if put.is_some() { &[0, 1, 2] } else { &[0, 2] };
        assert_eq!(got, expected);
        assert_eq!((queue.len(), queue.unfinished()), (0, 0));
        queue.try_put(3).expect("its place is free again");
    });
    quit_at_every_poll(async |quitter| {
        let queue = Queue::new(2);
        let (got, next, ()) = join!(quitter.run(queue.get()), behind(queue.get()), async {
            pause().await;
            queue.put(1).await.unwrap();
            queue.put(2).await.unwrap();
        });
        let mut all = vec![next.unwrap()];
        all.extend(got.map(Result::unwrap));
        all.extend(queue.try_get());
        all.sort_unstable();
        assert_eq!((all, queue.len()), (vec![1, 2], 0));
    });
}

/// Broken by: leaving out the drop of `Get`, or that of `TaskDone`.
#[test]
fn work_that_nobody_took_is_unfinished_and_there_to_be_taken() {
    quit_at_every_poll(async |quitter| {
        let queue = Queue::new(1);
        let work = async {
            let (item, done) = queue.get_guarded().await.unwrap();
            yield_now().await;
            drop(done);
            item
        };
        let (got, ()) = join!(quitter.run(work), async {
            pause().await;
            queue.put(1).await.unwrap();
        });
        // Taken, or still in: given up afterwards, its guard says that it is done.
        assert_eq!(queue.unfinished(), queue.len());
        assert!(got.is_none() || queue.is_empty());
    });
}

/// Broken by: leaving out the drop of `Join`.
#[test]
fn all_who_wait_for_the_work_to_be_done_are_told() {
    quit_at_every_poll(async |quitter| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        join!(quitter.run(queue.join()), behind(queue.join()), async {
            pause().await;
            queue.get().await.unwrap();
            pause().await;
            queue.task_done();
        });
        assert_eq!(queue.unfinished(), 0);
    });
}

// What crosses threads. Here both ends are on one, so that each run is like the one before.

/// Trap 41. Broken by: leaving out the drop of `remote::mpsc::Send`.
#[test]
fn remote_channels_lose_nothing_either() {
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = remote::mpsc::channel(1);
        let (sent, got) = join!(
            async {
                pause().await;
                sender.send(1).await
            },
            quitter.run(receiver.recv())
        );
        assert!(sent.is_ok());
        assert_eq!(got.flatten().or(receiver.try_recv().ok()), Some(1));
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = remote::mpsc::channel(1);
        sender.send(0).await.unwrap();
        let (sent, next, got) = join!(quitter.run(sender.send(1)), behind(sender.send(2)), async {
            pause().await;
            let mut got = Vec::new();
            while let Ok(Some(message)) = timeout(SECOND, receiver.recv()).await {
                got.push(message);
            }
            got
        });
        assert!(next.is_ok());
        let expected: &[_] = if sent.is_some() { &[0, 1, 2] } else { &[0, 2] };
        assert_eq!(got, expected);
        assert_eq!(sender.capacity(), 1);
    });
    quit_at_every_poll(async |quitter| {
        let (sender, mut receiver) = remote::oneshot::channel();
        let (got, ()) = join!(quitter.run(&mut receiver), async {
            pause().await;
            sender.send(1).unwrap();
        });
        assert_eq!(got.or(receiver.try_recv().ok().map(Ok)), Some(Ok(1)));
    });
}

/// Trap 41. Broken by: leaving out the drop of `remote::Notified`.
#[test]
fn a_remote_notification_that_nobody_saw_goes_to_the_next() {
    quit_at_every_poll(async |quitter| {
        let notify = remote::Notify::new();
        let call = async || {
            pause().await;
            notify.notify_one();
            pause().await;
            notify.notify_one();
        };
        let (got, (), ()) = join!(
            quitter.run(notify.notified()),
            behind(notify.notified()),
            call()
        );
        let stored = timeout(SECOND, notify.notified()).await.is_ok();
        assert_eq!(stored, got.is_none());
    });
    cancel_at_every_poll(|| async {
        let notify = remote::Notify::new();
        join!(notify.notified(), behind(notify.notified()), async {
            pause().await;
            notify.notify_waiters();
        });
    });
}
