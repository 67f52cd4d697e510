//! A file of a folder: one `super` is still the folder, two are the root.

use super::Reactor;
use super::super::clock::now;
use super::super::executor::wake; //~ organ

fn f() {
    let r#crate = crate::TcpStream::connect(); //~ up
}
