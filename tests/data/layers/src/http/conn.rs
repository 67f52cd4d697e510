//! Calls body; never the reverse.

use super::body::Body;
use super::*; //~ later
use super::super::net::TcpStream;
