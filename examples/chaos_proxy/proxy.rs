//! Carries bytes between a client and a server, and does to them what the plan says.
//!
//! ```text
//!             ┌────────── Relay ──────────┐
//!   client ──▶│ pump up:   read, Script,  │──▶ server
//!          ◀──│ pump down: write          │◀──
//!             └───────────────────────────┘
//! ```
//!
//! Each connection is a task with two pumps. A pump ends when its side has ended; if one of
//! them finds that the connection is lost as a whole (`Over`), the other is dropped with it.
//! What is `plan`'s business: which fault, and where. What is ours: how one makes a socket
//! behave like that.

use std::cell::Cell;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;

use hob::JoinSet;
use hob::net::{TcpListener, TcpStream};
use hob::time::sleep;

use super::plan::{Act, Fault, Plan, Script, Step, Way};

/// Which faults there are to be.
#[derive(Clone, Debug)]
pub struct Settings {
    pub seed: u64,
    pub faults: Vec<Fault>,
    /// Faults happen within so many bytes of each way.
    pub reach: u64,
}

/// What a proxy tells of the connection with this number.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// It was accepted, and this is what will go wrong: if it gets so far.
    Planned(&'a Plan),
    /// It got so far.
    Happened(Act),
}

type Tell = Rc<dyn Fn(u64, News<'_>)>;

/// Accepts for ever. Dropping the future closes all connections.
pub async fn run(
    listener: TcpListener,
    to: SocketAddr,
    settings: Settings,
    tell: impl Fn(u64, News<'_>) + 'static,
) -> io::Result<()> {
    let tell: Tell = Rc::new(tell);
    let mut relays = JoinSet::new();
    for number in 0.. {
        let (client, _) = listener.accept().await?;
        let plan = Plan::new(settings.seed, number, &settings.faults, settings.reach);
        tell(number, News::Planned(&plan));
        let tell = tell.clone();
        relays.spawn(async move {
            // Who cannot be reached is a client that was hung up on; nobody else is concerned.
            let server = TcpStream::connect(to).await?;
            let relay = Relay::new(client, server, number, tell)?;
            relay.run(&plan).await;
            io::Result::Ok(())
        });
        while relays.try_join_next().is_some() {}
    }
    Ok(())
}

/// One connection, which is two.
struct Relay {
    client: TcpStream,
    server: TcpStream,
    number: u64,
    tell: Tell,
    /// Set when both ways were ended early: what still comes is swallowed.
    ended: Cell<bool>,
}

/// The connection as a whole is over, and how both sides are to hear of it.
enum Over {
    /// By a reset.
    Torn,
    /// By an end, after what was sent.
    Dropped,
}

impl Relay {
    fn new(client: TcpStream, server: TcpStream, number: u64, tell: Tell) -> io::Result<Relay> {
        // Each piece is to go out as it is, and not to wait for the next.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ended = Cell::new(false);
        Ok(Relay {
            client,
            server,
            number,
            tell,
            ended,
        })
    }

    async fn run(self, plan: &Plan) {
        let up = self.pump(plan, Way::Up);
        let down = self.pump(plan, Way::Down);
        if let Err(Over::Torn) = hob::try_join!(up, down) {
            // Law: closing with a linger of zero sends RST instead of FIN.
            let _ = self.client.set_zero_linger();
            let _ = self.server.set_zero_linger();
        }
    }

    /// Carries bytes one way until that way has ended.
    async fn pump(&self, plan: &Plan, way: Way) -> Result<(), Over> {
        let mut script = Script::new(plan, way);
        let (from, to) = match way {
            Way::Up => (&self.client, &self.server),
            Way::Down => (&self.server, &self.client),
        };
        let mut buffer = vec![0; 16 * 1024];
        let mut silent = false;
        loop {
            // Who was torn down by one side tears the other one down, too.
            let length = from.read(&mut buffer).await.map_err(|_| Over::Torn)?;
            if length == 0 && silent {
                // Nor is the end passed on. With the client has gone who could notice it.
                return if way == Way::Up {
                    Err(Over::Dropped)
                } else {
                    Ok(())
                };
            }
            if length == 0 {
                let _ = to.shutdown(Shutdown::Write); // it may have been done before
                return Ok(());
            }
            for (step, act) in script.feed(&buffer[..length]) {
                if let Some(act) = act {
                    (self.tell)(self.number, News::Happened(act));
                }
                silent |= step == Step::GoSilent;
                self.take(step, from, to).await?;
            }
        }
    }

    async fn take(&self, step: Step, from: &TcpStream, to: &TcpStream) -> Result<(), Over> {
        match step {
            Step::Wait(time) => sleep(time).await,
            Step::GoSilent => {}
            Step::Reset => return Err(Over::Torn),
            Step::End => {
                let _ = to.shutdown(Shutdown::Write);
            }
            Step::EndBoth => {
                self.ended.set(true);
                let _ = to.shutdown(Shutdown::Write);
                let _ = from.shutdown(Shutdown::Write);
            }
            Step::Send(bytes) => {
                if !self.ended.get() && to.write_all(&bytes).await.is_err() && !self.ended.get() {
                    return Err(Over::Torn);
                }
            }
        }
        Ok(())
    }
}
