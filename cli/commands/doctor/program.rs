//! Programs of the system that know better. Whatever is wrong with one, there is no answer then.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

/// How long one may take: a database of users, or systemd, may never answer.
const LIMIT: Duration = Duration::from_secs(5);

/// Returns what a program prints, without the blanks around it; none if it is not there, fails or hangs.
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::null());
    let child = command.stdout(Stdio::piped()).spawn().ok()?;
    let (said, answer) = std::sync::mpsc::sync_channel(1);
    let pid = rustix::process::Pid::from_child(&child);
    std::thread::spawn(move || said.send(child.wait_with_output()));
    let Ok(ended) = answer.recv_timeout(LIMIT) else {
        // It may have ended at this moment.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        return None;
    };
    let ended = ended.ok().filter(|ended| ended.status.success())?;
    let text = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_prints_is_the_answer_and_a_failure_is_none() {
        assert_eq!(output("echo", &["a", "b"]).as_deref(), Some("a b"));
        assert_eq!(output("false", &[]), None);
        assert_eq!(output("true", &[]), None);
        assert_eq!(output("no-such-program-anywhere", &[]), None);
    }
}
