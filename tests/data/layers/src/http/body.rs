//! Near the ground of the folder.

use super::error;
use super::Error;
use super::StatusCode;
use super::conn::Conn; //~ later
use super::Client; //~ later
use super::Version; //~ later
use crate::http::{Error as E, client}; //~ later

#[cfg(test)]
mod tests {
    use super::*;
    use super::super::conn; //~ later
}
