//! A scope stays on its thread, and so does a token.

fn main() {
    hob::block_on(async {
        let token = hob::CancellationToken::new();
        std::thread::spawn(move || token.cancel());
        hob::scope(async |s: hob::Scope<'static>| {
            std::thread::spawn(move || s.cancel("from elsewhere"));
        })
        .await
        .unwrap();
    });
}
