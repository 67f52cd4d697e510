//! Floor 3a.

use crate::time::sleep; //~ later
pub use crate::executor::JoinHandle;
pub use crate::runtime::Runtime;

#[macro_export]
macro_rules! join {
    () => { $crate::http::get() }; //~ up
}
