//! Proofs of the HTTP client that need heavy tools or servers of other people, kept out of the
//! root package so that nobody else builds them.
//!
//! A server that is not installed is said to be missing, and its tests pass; with
//! `HOB_PEERS=required` in the environment they fail instead.

#![forbid(unsafe_code)]
