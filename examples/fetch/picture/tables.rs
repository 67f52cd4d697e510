//! The same facts as in the picture, as tables: for those who do not see it, for those who want
//! the number, and for the search of the browser.

use std::fmt::Write;

use super::View;
use super::account::{files, thousands};
use super::markup::{escaped, exact};
use super::phase::Phase;
use super::rows::{ConnectionRow, FileRow};
use super::story::{File, Story};
use crate::events::Outcome;
use crate::show::text;

pub fn of(view: &View) -> String {
    let phases: Vec<_> = Phase::ALL
        .into_iter()
        .filter(|p| view.happened(*p))
        .collect();
    let heads: String = phases
        .iter()
        .map(|p| format!("<th>{}</th>", p.name()))
        .collect();
    let mut rows = String::new();
    for (file, row) in view.story.files.iter().zip(&view.rows) {
        write_file(&mut rows, &view.story, file, row, &phases);
    }
    let mut connections = String::new();
    for row in &view.connections {
        write_connection(&mut connections, row);
    }
    let (count, links) = (files(view.rows.len()), thousands(view.connections.len()));
    format!(
        r#"<details id="files"><summary>The same as a table: {count}</summary><div class="wide" tabindex="0" role="region" aria-label="files"><table>
<thead><tr><th>no.</th><th class="text">file</th><th class="text">outcome</th><th>status</th><th>began</th>{heads}<th>ended</th><th>received</th><th>size</th><th>requests</th><th>connections</th><th class="text">URL</th></tr></thead>
<tbody>
{rows}</tbody></table></div><p class="dim">Times are in seconds; began and ended count from the beginning of the run.</p></details>
<details id="connections"><summary>And the connections: {links}</summary><div class="wide" tabindex="0" role="region" aria-label="connections"><table>
<thead><tr><th>no.</th><th class="text">address</th><th>began</th><th>connect</th><th>tls</th><th>waiting</th><th>receiving</th><th>stalled</th><th>ended</th><th>requests</th><th>received</th><th class="text">error</th></tr></thead>
<tbody>
{connections}</tbody></table></div></details>"#
    )
}

fn write_file(out: &mut String, story: &Story, file: &File, row: &FileRow, phases: &[Phase]) {
    let exchanges = || file.exchanges.iter().map(|index| &story.exchanges[*index]);
    let (from, to) = row.span();
    let times = row.times();
    let times: String = phases
        .iter()
        .map(|phase| format!("<td>{}</td>", exact(times[*phase as usize])))
        .collect();
    let status = exchanges()
        .filter_map(|exchange| exchange.status)
        .next_back();
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    let done = file.done.as_ref();
    let (received, size) = done.map_or((0, 0), |done| (done.received, done.size));
    let mut links: Vec<_> = exchanges()
        .filter_map(|exchange| exchange.connection)
        .collect();
    links.dedup();
    let links: Vec<_> = links.iter().map(u64::to_string).collect();
    let sent = exchanges()
        .filter(|exchange| exchange.asked.is_some())
        .count();
    let _ = writeln!(
        out,
        r#"<tr><td>{}</td><th scope="row" class="text">{}</th><td class="text">{}</td><td>{status}</td><td>{}</td>{times}<td>{}</td><td>{}</td><td>{}</td><td>{sent}</td><td>{}</td><td class="text">{}</td></tr>"#,
        file.number,
        escaped(&row.name),
        escaped(&outcome(file)),
        exact(from),
        exact(to),
        text::bytes(received),
        text::bytes(size),
        links.join(" "),
        escaped(&file.url),
    );
}

/// In words, with the reason and what is special about it.
fn outcome(file: &File) -> String {
    let mut said = match file.done.as_ref().map(|done| (done.outcome, &done.why)) {
        None => "cut off".to_owned(),
        Some((Outcome::Arrived, _)) => "arrived".into(),
        Some((Outcome::There, _)) => "was there".into(),
        Some((Outcome::NotModified, _)) => "not modified".into(),
        Some((Outcome::Failed, why)) => format!("failed: {why}"),
        Some((Outcome::Stopped, why)) if why.is_empty() => "stopped".into(),
        Some((Outcome::Stopped, why)) => format!("stopped: {why}"),
    };
    if let Some(from) = file.resumed {
        said += &format!(", went on at {}", text::bytes(from));
    }
    if let Some((algorithm, good)) = &file.verified {
        said += &format!(", {algorithm} {}", if *good { "right" } else { "wrong" });
    }
    match file.pauses.len() {
        0 => said,
        1 => said + ", tried twice",
        more => format!("{said}, tried {} times", more + 1),
    }
}

fn write_connection(out: &mut String, row: &ConnectionRow) {
    let time = |phase| {
        let spans = row.track.0.iter().filter(|span| span.phase == phase);
        exact(spans.map(super::phase::Span::took).sum())
    };
    let from = row
        .track
        .0
        .first()
        .map_or_else(Default::default, |span| span.from);
    let to = row.track.end().unwrap_or_default();
    let _ = writeln!(
        out,
        r#"<tr><td>{}</td><th scope="row" class="text">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class="text">{}</td></tr>"#,
        row.number,
        escaped(&row.address),
        exact(from),
        time(Phase::Connect),
        time(Phase::Tls),
        time(Phase::Waiting),
        time(Phase::Receiving),
        time(Phase::Stalled),
        exact(to),
        row.requests,
        text::bytes(row.received),
        escaped(row.error.as_deref().unwrap_or_default()),
    );
}
