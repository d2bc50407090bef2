//! `ssectl doctor`: what is wrong, and what to type next. Needs no daemon.

mod check;
mod cluster;
mod daemon;
mod gateway;
mod http;
mod machine;
mod program;
mod settings;
mod socket;
mod url;

use std::{path::PathBuf, time::Duration};

use hyper::{Uri, header::HeaderValue};
use ssectl_core::control::{
    client::Client,
    types::{List, Single, Status},
};

use self::{
    check::{Check, Verdict, render},
    socket::Place,
};
use crate::{
    args::{self, Options},
    error::{CliError, Outcome, naming_socket},
    exit::Exit,
    output::{Forms, Output},
    text::count,
};

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn run(options: &Options, asked: args::Doctor) -> Outcome {
    let out = Output::new(options);
    let mut checks = examine(options, &asked).await;
    for check in &mut checks {
        check.hint = check.hint.take().map(|hint| naming_socket(hint, options.socket.as_deref()));
    }
    let failed = checks.iter().filter(|check| check.result == Verdict::Fail).count();
    let list = List::new("doctor.checks.list", checks);
    let json = serde_json::to_string(&list)
        .map_err(|error| CliError::new(Exit::Failed, "the checks cannot be written").cause(&error))?;
    let exit = if failed > 0 { Exit::Negative } else { Exit::Ok };
    out.answer_or(
        &Forms {
            json: &json,
            names: &|| list.items.iter().map(|check| check.check.clone()).collect(),
            table: &|width| out.painted(&render(&list.items, width)),
        },
        exit,
    )?;
    if failed > 0 && !out.format().is_json() {
        out.note(&format!("{failed} of {} failed", count(list.items.len(), "check")));
    }
    Ok(exit)
}

async fn examine(options: &Options, asked: &args::Doctor) -> Vec<Check> {
    let limit = options.timeout.unwrap_or(LIMIT);
    let place = socket::find(options);
    let client =
        place.at.as_ref().map(|at| Client::new(&at.path, limit).at_member(options.member.as_deref()));
    let (daemon, answer) = ask(&place, client.as_ref()).await;
    let status = answer.as_ref().map(|answer| &answer.item);
    let footing = status.and_then(|status| status.footing.as_ref());
    let file = footing.and_then(|footing| footing.config.clone());
    let settings = settings::examine(asked.config.as_deref(), file, status.is_some());

    let group = socket::group(&place, status.is_some());
    let mut checks = vec![place.check, group, daemon];
    checks.extend(daemon::checks(answer.as_ref()));
    checks.extend(cluster::checks(status, client.as_ref()).await);
    checks.extend(settings.checks);
    checks.push(gateway::check(status, settings.gateway, limit).await);
    let state: Option<PathBuf> = footing.map(|footing| footing.state.clone());
    let state = state.or(settings.state).or_else(machine::usual_state);
    checks.push(machine::state(state.as_deref()));
    checks.push(machine::service(status.is_some()));
    if let Some(url) = &asked.url {
        // A browser does not name the origin that it asks.
        let origin = asked.origin.as_ref().filter(|origin| !is_origin_of(url, origin));
        let idle = asked.idle;
        let daemon = client.as_ref().filter(|_| status.is_some());
        let asked = url::Asked { url, origin, headers: &asked.headers, idle, daemon, limit };
        checks.extend(url::examine(&asked).await);
    }
    checks
}

async fn ask(place: &Place, client: Option<&Client>) -> (Check, Option<Single<Status>>) {
    let (Some(at), Some(client)) = (&place.at, client) else {
        return (Check::skipped("daemon", "none was found"), None);
    };
    match client.status().await {
        Ok(answer) => (daemon::answered(&answer.value.item), Some(answer.value)),
        Err(error) => (check::failure("daemon", CliError::from_client(error, at)), None),
    }
}

fn is_origin_of(url: &Uri, origin: &HeaderValue) -> bool {
    let parts = url.scheme_str().zip(url.authority());
    parts.is_some_and(|(scheme, authority)| {
        origin.as_bytes().eq_ignore_ascii_case(format!("{scheme}://{authority}").as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_of_the_origin_that_it_asks_or_of_another() {
        let url = "https://app.example.org/api/sse/stream".parse().expect("a URL");
        for (origin, own) in [
            ("https://app.example.org", true),
            ("https://APP.example.org", true),
            ("http://app.example.org", false),
            ("https://app.example.org:8443", false),
            ("https://shop.example.org", false),
        ] {
            assert_eq!(is_origin_of(&url, &HeaderValue::from_static(origin)), own, "{origin}");
        }
    }
}
