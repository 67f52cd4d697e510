//! Remote channels and notifications: nothing that was sent or called is lost, whoever waits,
//! gives up, closes or goes meanwhile. Those who wait are threads, which wait as tasks do: with
//! a waker that stands in the line.

#[path = "../../../../src/sync/remote/calls.rs"]
#[allow(dead_code)]
mod calls;
#[path = "../../../../src/sync/remote/chan.rs"]
#[allow(dead_code)]
mod chan;
#[path = "../../../../src/sync/remote/park.rs"]
#[allow(dead_code)]
mod park;

#[cfg(test)]
mod tests;
