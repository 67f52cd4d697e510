//! `join!` and `try_join!`: a few futures, of any types, to the end.
//!
//! A macro by example knows no numbers, so [`__enumerate`](crate::__enumerate) deals them out: it
//! gives a macro thirty-two pairs of an index and a name, and that macro takes one for each of
//! its futures. `select!` uses the same.

/// Calls a hidden macro with a list of indices and names to deal out.
#[doc(hidden)]
#[macro_export]
macro_rules! __enumerate {
    ([$($callback:tt)+] $($rest:tt)*) => {
        $($callback)+! {
            [(0 __b0) (1 __b1) (2 __b2) (3 __b3) (4 __b4) (5 __b5) (6 __b6) (7 __b7) (8 __b8) (9 __b9) (10 __b10)
             (11 __b11) (12 __b12) (13 __b13) (14 __b14) (15 __b15) (16 __b16) (17 __b17) (18 __b18) (19 __b19)
             (20 __b20) (21 __b21) (22 __b22) (23 __b23) (24 __b24) (25 __b25) (26 __b26) (27 __b27) (28 __b28)
             (29 __b29) (30 __b30) (31 __b31) (32 too_many)]
            $($rest)*
        }
    };
}

/// Awaits several futures at once, in this task, and gives all their results as a tuple.
///
/// They are polled by turns, and may borrow from what is around them. Nothing is spawned: for
/// work that should go on while this task is busy elsewhere, use [`spawn`](crate::spawn). At
/// most 32 futures; for many of one type see [`join_all()`](crate::future::join_all()).
///
/// *Cancel safety*: dropping it drops all of the futures, and results of those that were done.
///
/// ```
/// # hob::block_on(async {
/// let name = String::from("hob");
/// let (length, upper) = hob::join!(async { name.len() }, async { name.to_uppercase() });
/// assert_eq!((length, upper.as_str()), (3, "HOB"));
/// # });
/// ```
#[macro_export]
macro_rules! join {
    ($($future:expr),+ $(,)?) => {
        $crate::__enumerate!([$crate::__join] all () $($future,)+)
    };
}

/// Awaits several futures at once, in this task, until all gave `Ok` or one of them `Err`.
///
/// With the first error it ends: the other futures are dropped where they are, and so are
/// results that had come already. All errors must be of one type.
///
/// *Cancel safety*: dropping it drops all of the futures, and results of those that were done.
///
/// ```
/// # hob::block_on(async {
/// let good = hob::try_join!(async { Ok::<_, String>(1) }, async { Ok("two") });
/// assert_eq!(good, Ok((1, "two")));
/// let bad = hob::try_join!(std::future::pending::<Result<(), _>>(), async { Err::<(), _>("no") });
/// assert_eq!(bad, Err("no"));
/// # });
/// ```
#[macro_export]
macro_rules! try_join {
    ($($future:expr),+ $(,)?) => {
        $crate::__enumerate!([$crate::__join] until_error () $($future,)+)
    };
}

/// Deals out the names, and then expands all at once. What has a name is `(index name future)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    ([(32 $too_many:ident)] $kind:ident ($($named:tt)*) $future:expr, $($rest:tt)*) => {
        ::core::compile_error!("at most 32 futures: nest them, or see hob::future::join_all")
    };
    (
        [($index:tt $name:ident) $($names:tt)*] $kind:ident ($($named:tt)*)
        $future:expr, $($rest:tt)*
    ) => {
        $crate::__join! { [$($names)*] $kind ($($named)* ($index $name $future)) $($rest)* }
    };
    ([($count:tt $next:ident) $($names:tt)*] all ($(($index:tt $name:ident $future:expr))+)) => {{
        // Pinned one by one, on the stack; evaluated in their order.
        $(let mut $name = $crate::future::__private::pin!(
            $crate::future::__private::MaybeDone::new(
                $crate::future::__private::IntoFuture::into_future($future)
            )
        );)+
        $crate::future::__private::poll_fn(|cx| {
            // By turns, so that one which uses up the budget each time starves no other.
            for branch in $crate::future::__private::Order::fair($count) {
                match branch {
                    $($index => _ = $name.as_mut().poll(cx),)+
                    _ => {}
                }
            }
            if $($name.is_running())||+ {
                return $crate::future::__private::Pending;
            }
            $crate::future::__private::Ready(($(
                $name.as_mut().take().expect("a join! was polled after it had given its result"),
            )+))
        })
        .await
    }};
    (
        [($count:tt $next:ident) $($names:tt)*] until_error
        ($(($index:tt $name:ident $future:expr))+)
    ) => {{
        $(let mut $name = $crate::future::__private::pin!(
            $crate::future::__private::MaybeDone::new(
                $crate::future::__private::IntoFuture::into_future($future)
            )
        );)+
        $crate::future::__private::poll_fn(|cx| {
            for branch in $crate::future::__private::Order::fair($count) {
                match branch {
                    $($index => {
                        $name.as_mut().poll(cx);
                        if let $crate::future::__private::Some(error) =
                            $name.as_mut().take_error()
                        {
                            return $crate::future::__private::Ready(
                                $crate::future::__private::Err(error)
                            );
                        }
                    })+
                    _ => {}
                }
            }
            if $($name.is_running())||+ {
                return $crate::future::__private::Pending;
            }
            $crate::future::__private::Ready($crate::future::__private::Ok(($(
                match $name.as_mut().take() {
                    $crate::future::__private::Some($crate::future::__private::Ok(output)) => output,
                    _ => $crate::future::__private::unreachable!(
                        "an error was given at once, and after a result nobody polls"
                    ),
                },
            )+)))
        })
        .await
    }};
}
