//! At the top.

use crate::http::conn;
use super::body;
