//! A pipe of the kernel's, through which bytes go from a socket to a file without ever being
//! in our memory.
//!
//! **Law:** `read` copies each byte out of the kernel, and `write` copies it back. `splice(2)`
//! moves pages instead: from a socket into a pipe it copies nothing, from the pipe into a file
//! once at most. **Consequence:** of a body that nobody looks at, half the copying can be
//! spared, and what is spared is most of what a large download costs. **Choice:** the loop
//! fills the pipe, which never blocks, and a worker empties it, because files block. **Price:**
//! one hand-over to a worker for each filling. So this pays only while much comes at once:
//! see `response::save`, which decides.
//!
//! ```text
//!   socket ──(1) fill, on the loop──▶ [pages] ──(2) empty, on a worker──▶ file
//! ```
//!
//! - **P1** A pipe is filled only when it is empty. A full one answers `WouldBlock` just as a
//!   socket does that has no more, and whoever takes the one for the other sleeps for ever.
//!
//! Only Linux has it. `absent` is what stands here on other systems: a pipe that cannot be had.

#[cfg(target_os = "linux")]
mod present;
#[cfg(not(target_os = "linux"))]
mod absent;

#[cfg(not(target_os = "linux"))]
pub(crate) use absent::Pipe;
#[cfg(target_os = "linux")]
pub(crate) use present::Pipe;
