//! `ssectl` as a process.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use tokio::process::Command;

use super::{contract, within};

/// Runs `ssectl` against one socket.
#[derive(Clone, Debug)]
pub struct Cli {
    pub socket: PathBuf,
}

/// What a run of `ssectl` gave.
#[derive(Clone, Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Cli {
    /// Returns the command line `ssectl --socket … arguments`, with nothing of the caller's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
        command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
        command.arg("--socket").arg(&self.socket).args(arguments);
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        finish(self.command(arguments)).await
    }

    /// Runs it with `-o json`, expects success, returns the JSON.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["-o", "json"]].concat()).await.expect(0);
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error} in {output:?}"))
    }
}

impl Output {
    /// Checks the exit code.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Checks that the error says what happened, why or where, and what to type next.
    pub fn expect_helpful(self, code: i32) -> Self {
        let output = self.expect(code);
        assert!(output.stdout.is_empty(), "an error is no answer: {output:?}");
        for part in ["error:", "hint:"] {
            assert!(output.stderr.contains(part), "{part} is missing: {output:?}");
        }
        output
    }
}

/// Runs a command to its end.
pub async fn finish(mut command: Command) -> Output {
    let arguments = command.as_std().get_args().map(|argument| argument.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let output = end_of(&mut command).await;
    if command.as_std().get_program() == env!("CARGO_BIN_EXE_ssectl") {
        contract::check_printed(&arguments, &output);
    }
    output
}

async fn end_of(command: &mut Command) -> Output {
    within("ssectl to end", async {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssectl can be run");
        let output = child.wait_with_output().await.expect("its output can be read");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("its output is UTF-8");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    })
    .await
}
