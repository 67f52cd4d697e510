//! Who may cross threads: everything in `sync::remote`, if what it carries may, and nothing
//! else in `sync`. Decided when this file compiles.

use std::rc::Rc;

use hob::sync::{self, remote};

/// Compiles for every type, whether or not it is `Send` or `Sync`, only as long as there is one
/// way to read it: a second implementation for those that are makes it ambiguous.
trait CannotCross<Why> {
    fn checked() {}
}
struct Sent;
struct Shared;
impl<T: ?Sized> CannotCross<()> for T {}
impl<T: ?Sized + Send> CannotCross<Sent> for T {}
impl<T: ?Sized + Sync> CannotCross<Shared> for T {}

macro_rules! stay_on_their_thread {
    ($($type:ty),* $(,)?) => { $(<$type as CannotCross<_>>::checked();)* };
}

fn crosses<T: Send + Sync>() {}

/// Broken by: taking `_not_send` out of `Gate`, `Notify` or `Barrier` (does not compile).
#[test]
fn what_belongs_to_one_thread_stays_there() {
    stay_on_their_thread!(
        sync::Semaphore,
        sync::SemaphorePermit<'static>,
        sync::OwnedSemaphorePermit,
        sync::Acquire<'static>,
        sync::Mutex<u32>,
        sync::MutexGuard<'static, u32>,
        sync::OwnedMutexGuard<u32>,
        sync::Lock<'static, u32>,
        sync::RwLock<u32>,
        sync::RwLockReadGuard<'static, u32>,
        sync::RwLockWriteGuard<'static, u32>,
        sync::OwnedRwLockReadGuard<u32>,
        sync::OwnedRwLockWriteGuard<u32>,
        sync::Notify,
        sync::Notified<'static>,
        sync::OwnedNotified,
        sync::Barrier,
        sync::BarrierWait<'static>,
        sync::OnceCell<u32>,
        sync::CapacityLimiter,
        sync::CapacityToken<'static>,
        sync::RateLimiter,
        sync::AcquireRate<'static>,
        sync::mpsc::Sender<u32>,
        sync::mpsc::Receiver<u32>,
        sync::oneshot::Sender<u32>,
        sync::oneshot::Receiver<u32>,
    );
    // And what is remote carries only what may cross.
    stay_on_their_thread!(
        remote::mpsc::Sender<Rc<u32>>,
        remote::mpsc::Receiver<Rc<u32>>,
        remote::oneshot::Sender<Rc<u32>>,
        remote::oneshot::Receiver<Rc<u32>>,
    );
}

#[test]
fn what_is_remote_crosses_threads_and_so_do_its_futures() {
    crosses::<remote::Notify>();
    crosses::<remote::Notified<'_>>();
    crosses::<remote::mpsc::Sender<u32>>();
    crosses::<remote::mpsc::UnboundedSender<u32>>();
    crosses::<remote::mpsc::Receiver<u32>>();
    crosses::<remote::mpsc::Recv<'_, u32>>();
    crosses::<remote::mpsc::Send<'_, u32>>();
    crosses::<remote::mpsc::Closed<'_, u32>>();
    crosses::<remote::oneshot::Sender<u32>>();
    crosses::<remote::oneshot::Receiver<u32>>();
}
