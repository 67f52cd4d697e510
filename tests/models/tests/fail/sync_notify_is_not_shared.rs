//! A `Notify` of one thread cannot be lent to another: that is what `sync::remote` is for.

fn is_lent_to_another_thread<T: Sync>(_: &T) {}

fn main() {
    is_lent_to_another_thread(&hob::sync::remote::Notify::new());
    let notify = std::rc::Rc::new(hob::sync::Notify::new());
    is_lent_to_another_thread(&notify);
}
