//! What every command works with: the daemon that was found, and the output.

use std::{future::Future, time::Duration};

use ssectl_core::{
    control::{
        client::{Answer, Client, ClientError},
        discovery::{self, Candidate, Environment},
    },
    key,
};

use crate::{
    args::{Everyone, Key, Options},
    error::{CliError, Outcome},
    exit::Exit,
    output::Output,
    text::{self, harmless},
};

const ANSWER: Duration = Duration::from_secs(10);

/// The surroundings of a command.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) options: Options,
    pub(crate) out: Output,
    pub(crate) client: Client,
    pub(crate) at: Candidate,
}

impl Context {
    /// Finds the daemon.
    pub(crate) fn find(options: &Options) -> Result<Self, CliError> {
        let out = Output::new(options);
        let at = discovery::live_socket(options.socket.as_deref(), &Environment::read())?;
        out.detail(&format!("socket: {} ({})", at.path.display(), at.why));
        let client = Client::new(&at.path, options.timeout.unwrap_or(ANSWER));
        let client = client.at_member(options.member.as_deref());
        Ok(Self { options: options.clone(), out, client, at })
    }

    /// Returns the same, with the usual time limit for answers: where `--timeout` is that of something else.
    pub(crate) fn with_usual_limit(&self) -> Self {
        Self { client: self.client.with_limit(ANSWER), ..self.clone() }
    }

    /// Returns the same, that asks whom it is asked of.
    pub(crate) fn over(&self, everyone: Everyone) -> Self {
        match everyone.cluster {
            true => Self { client: self.client.of_cluster(), ..self.clone() },
            false => self.clone(),
        }
    }

    /// Returns how a command ends that has told all it was answered: members of the cluster may be missing.
    pub(crate) fn answered(&self, unanswered: &[String]) -> Outcome {
        if unanswered.is_empty() {
            return Ok(Exit::Ok);
        }
        let names = unanswered.iter().map(|name| harmless(name)).collect::<Vec<_>>().join(", ");
        let who = if unanswered.len() == 1 { "a member" } else { "some members" };
        Err(CliError::new(Exit::Partial, format!("{who} of the cluster did not answer: {names}"))
            .cause(&"what they have is missing in the answer")
            .hint("see how they are: ssectl members list"))
    }

    /// Asks a question.
    pub(crate) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, CliError> {
        let began = std::time::Instant::now();
        let answer = question.await;
        self.out.detail(&format!("answer: after {:?}", began.elapsed()));
        answer.map_err(|error| self.explain(error))
    }

    /// Gives an order. When its outcome is unknown, the error says how to repeat it safely.
    pub(crate) async fn order<T>(
        &self,
        key: &str,
        order: impl Future<Output = Result<Answer<T>, ClientError>>,
    ) -> Result<Answer<T>, CliError> {
        self.out.detail(&format!("key: {key}"));
        let repeat = || format!("repeat with --key {key}: {}", text::repetition(arguments(), key));
        let outcome = tokio::select! {
            outcome = self.ask(order) => outcome,
            () = interrupted() => Err(self.given_up()),
        };
        outcome.map_err(|error| match (error.exit, error.hint.clone()) {
            (Exit::NoAnswer, None) => error.hint(repeat()),
            (Exit::NoAnswer, Some(first)) => error.hint(format!("{first}; then {}", repeat())),
            _ => error,
        })
    }

    /// Sends something that cannot be repeated safely.
    pub(crate) async fn send<T>(
        &self,
        message: impl Future<Output = Result<Answer<T>, ClientError>>,
    ) -> Result<Answer<T>, CliError> {
        let outcome = tokio::select! {
            outcome = self.ask(message) => outcome,
            () = interrupted() => Err(self.given_up()),
        };
        outcome.map_err(|error| match error.exit {
            Exit::NoAnswer => error.hint("sent again, it may arrive twice"),
            _ => error,
        })
    }

    /// Warns of what was done and not stored.
    pub(crate) fn warn_of_forgetting(&self) {
        self.out.note("warning: it does not survive a restart of the daemon");
    }

    fn given_up(&self) -> CliError {
        if self.client.has_sent() {
            CliError::new(Exit::NoAnswer, "interrupted before the daemon answered")
                .cause(&"whether it did what was asked is unknown")
        } else {
            CliError::new(Exit::Interrupted, "interrupted: nothing was sent")
        }
    }

    pub(crate) fn explain(&self, error: ClientError) -> CliError {
        CliError::from_client(error, &self.at)
    }
}

impl Key {
    /// Returns the key that was given, or a generated one: made before anything is sent, so that the order
    /// can be repeated whatever happens.
    pub(crate) fn choose(self) -> String {
        self.key.unwrap_or_else(generated_key)
    }
}

/// Returns a key that nobody else has.
pub(crate) fn generated_key() -> String {
    format!("{}{}", key::GENERATED, uuid::Uuid::new_v4())
}

/// Waits for Ctrl-C. Where that cannot be heard, it ends the process as ever.
pub(crate) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn arguments() -> impl Iterator<Item = String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_known_as_such_and_given_ones_stay() {
        let generated = Key { key: None }.choose();
        assert!(generated.starts_with(key::GENERATED) && key::check(&generated).is_ok(), "{generated}");
        assert_eq!(Key { key: Some("mine".to_owned()) }.choose(), "mine");
    }
}
