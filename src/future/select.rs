//! `select!`: the first of several futures that is ready, and what to do then.
//!
//! The macro has two halves. The first reads the branches, one after the other, and gives each
//! of them an index and a name; the second expands them all at once, to this:
//!
//! ```text
//!   let selected = {
//!       let mut b0 = pin!(future 0); …              // evaluated in their order
//!       poll_fn(|cx| {
//!           for branch in order {                    // from a fair start
//!               if disabled { continue }             // by its `if`, or its pattern
//!               match branch { 0 => b0.poll(cx)?, … } → return B0(output) if the pattern fits
//!           }
//!           …nobody? Pending, or Disabled if there is nobody left to wait for
//!       }).await
//!   };                                               // all futures are dropped here
//!   match selected { B0(pattern) => handler, …, Disabled => the `else` }
//! ```
//!
//! Handlers stand outside of any closure, so `?`, `break`, `return` and `.await` mean in them
//! what they mean around them; and after the futures are gone, so they may use what was borrowed.
//!
//! One line deserves a word: how to find out whether a pattern fits an output *without* moving
//! anything out of it. A guard is asked before its arm's bindings are made; one that notes that
//! it was asked and then says no leaves the output whole.

/// For a `select!` without `else` whose branches are all disabled.
#[track_caller]
#[cold]
pub fn no_branch_left() -> ! {
    panic!(
        "every branch of a select! was disabled, by its `if` or because its pattern did not \
         match, and it has no `else`"
    )
}

/// Awaits several futures at once, in this task, until the first is ready; then runs the handler
/// of that branch, and drops the other futures.
///
/// ```text
/// select! {
///     [biased;]
///     PATTERN = FUTURE [, if CONDITION] => HANDLER,    // 1 to 32 of these
///     [else => HANDLER]
/// }
/// ```
///
/// 1. All conditions are evaluated. Where one is false its branch is disabled.
/// 2. All future expressions are evaluated, in their order, also those of disabled branches.
/// 3. The futures of the others are polled by turns. Who begins changes with each poll, so that
///    a branch which is always ready cannot starve those below it; after `biased;` they are
///    polled in their order, always.
/// 4. The first that is ready: if its pattern fits, the futures are dropped and its handler
///    runs. If not, the branch is disabled, and the others go on.
/// 5. If every branch is disabled, the handler after `else` runs.
///
/// A handler is an expression; after a block the comma may be left out. It may use `?`, `break`,
/// `return` and `.await`, and everything that the futures had borrowed. All handlers give one
/// type, which is what the `select!` gives.
///
/// To keep a future for the next round of a loop, pin it outside and give `&mut future`.
///
/// *Cancel safety*: the futures that lose are dropped at the `.await` where they stand. What
/// that loses, each future of this crate says under *Cancel safety*; `&mut future` loses nothing.
///
/// # Panics
/// If every branch is disabled and there is no `else`.
///
/// ```
/// use std::time::Duration;
/// # hob::block_on(async {
/// let (sender, mut receiver) = hob::sync::mpsc::channel(1);
/// sender.send(7).await.expect("the receiver lives");
/// let answer = hob::select! {
///     Some(number) = receiver.recv() => number,
///     _ = hob::time::sleep(Duration::from_secs(60)) => 0,
/// };
/// assert_eq!(answer, 7);
/// # });
/// ```
#[macro_export]
macro_rules! select {
    () => {
        ::core::compile_error!("select! needs a branch: `pattern = future => handler`")
    };
    (biased; $($branches:tt)*) => {
        $crate::__enumerate!([$crate::__select] biased () $($branches)*)
    };
    ($($branches:tt)*) => {
        $crate::__enumerate!([$crate::__select] fair () $($branches)*)
    };
}

/// Reads one branch after the other. What was read is
/// `(index name pattern = future; condition; handler)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    // Behind the arrow of a branch: its handler, which ends at a comma, behind a block, or with
    // everything.
    (
        @handler [($index:tt $name:ident) $($names:tt)*] $order:ident ($($read:tt)*)
        ($($branch:tt)*) $handler:block, $($rest:tt)*
    ) => {
        $crate::__select! {
            [$($names)*] $order ($($read)* ($index $name $($branch)*; $handler)) $($rest)*
        }
    };
    (
        @handler [($index:tt $name:ident) $($names:tt)*] $order:ident ($($read:tt)*)
        ($($branch:tt)*) $handler:block $($rest:tt)*
    ) => {
        $crate::__select! {
            [$($names)*] $order ($($read)* ($index $name $($branch)*; $handler)) $($rest)*
        }
    };
    (
        @handler [($index:tt $name:ident) $($names:tt)*] $order:ident ($($read:tt)*)
        ($($branch:tt)*) $handler:expr $(, $($rest:tt)*)?
    ) => {
        $crate::__select! {
            [$($names)*] $order ($($read)* ($index $name $($branch)*; $handler)) $($($rest)*)?
        }
    };
    // The end, with `else` or without.
    ($names:tt $order:ident ($($read:tt)*) else => $handler:expr $(,)?) => {
        $crate::__select_expand! { $names $order ($($read)*) $handler }
    };
    ($names:tt $order:ident ($($read:tt)*)) => {
        $crate::__select_expand! {
            $names $order ($($read)*) $crate::future::__private::no_branch_left()
        }
    };
    // A branch, up to its arrow.
    ([(32 $too_many:ident)] $($rest:tt)*) => {
        ::core::compile_error!("select! takes at most 32 branches")
    };
    (
        $names:tt $order:ident $read:tt
        $pattern:pat = $future:expr, if $condition:expr => $($rest:tt)*
    ) => {
        $crate::__select! {
            @handler $names $order $read ($pattern = $future; $condition) $($rest)*
        }
    };
    ($names:tt $order:ident $read:tt $pattern:pat = $future:expr => $($rest:tt)*) => {
        $crate::__select! { @handler $names $order $read ($pattern = $future; true) $($rest)* }
    };
}

/// The second half: see the module.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_expand {
    ([$($names:tt)*] $order:ident () $else:expr) => {
        $else
    };
    (
        [($count:tt $next:ident) $($names:tt)*] $order:ident
        ($((
            $index:tt $name:ident $pattern:pat = $future:expr; $condition:expr; $handler:expr
        ))+)
        $else:expr
    ) => {{
        #[allow(non_camel_case_types)]
        enum __Selected<$($name),+> {
            $($name($name),)+
            __Disabled,
        }
        #[allow(unused_mut, reason = "needed where a pattern says `ref mut`")]
        let mut selected = {
            // One bit for each branch that is out of the game.
            let mut disabled = 0_u32;
            $(if !$condition {
                disabled |= 1 << $index;
            })+
            $(let mut $name = $crate::future::__private::pin!(
                $crate::future::__private::IntoFuture::into_future($future)
            );)+
            $crate::future::__private::poll_fn(|cx| {
                for branch in $crate::future::__private::Order::$order($count) {
                    if disabled & (1 << branch) != 0 {
                        continue;
                    }
                    match branch {
                        $($index => {
                            #[allow(unused_mut, reason = "needed where a pattern says `ref mut`")]
                            let mut output =
                                match $crate::future::__private::Future::poll($name.as_mut(), cx) {
                                    $crate::future::__private::Ready(output) => output,
                                    $crate::future::__private::Pending => continue,
                                };
                            let mut fits = false;
                            #[allow(unused_variables, unused_mut, clippy::all)]
                            match output {
                                $pattern if { fits = true; false } => {
                                    $crate::future::__private::unreachable!("the guard says no")
                                }
                                _ => {}
                            }
                            if fits {
                                return $crate::future::__private::Ready(__Selected::$name(output));
                            }
                            disabled |= 1 << $index;
                        })+
                        _ => {}
                    }
                }
                if disabled == u32::MAX >> (32 - $count) {
                    $crate::future::__private::Ready(__Selected::__Disabled)
                } else {
                    $crate::future::__private::Pending
                }
            })
            .await
        };
        #[allow(unreachable_patterns)]
        match selected {
            $(__Selected::$name($pattern) => $handler,)+
            __Selected::__Disabled => $else,
            _ => $crate::future::__private::unreachable!("the pattern fitted before"),
        }
    }};
}
