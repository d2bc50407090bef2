//! Logins to NATS, as those who run it give them: <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt>.

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// Who lets whom in.
pub struct Operator {
    keys: KeyPair,
    system: KeyPair,
    account: KeyPair,
}

impl Operator {
    pub fn new() -> Self {
        let (keys, system, account) =
            (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
        Self { keys, system, account }
    }

    /// Returns what a server's settings say of it.
    pub fn settings(&self) -> String {
        let (system, account) = (self.system.public_key(), self.account.public_key());
        let operator = token(&self.keys, &self.keys.public_key(), json!({"type": "operator"}));
        let of = |public: &str| {
            let all: serde_json::Map<_, _> = [
                "subs",
                "data",
                "payload",
                "imports",
                "exports",
                "conn",
                "leaf",
                "mem_storage",
                "disk_storage",
            ]
            .into_iter()
            .chain(["streams", "consumer"])
            .map(|what| (what.to_owned(), json!(-1)))
            .chain([("wildcards".to_owned(), json!(true))])
            .collect();
            // The account that servers speak over may have no JetStream.
            let limits = if public == system {
                json!({"subs": -1, "conn": -1, "data": -1, "payload": -1})
            } else {
                all.into()
            };
            token(&self.keys, public, json!({"type": "account", "limits": limits}))
        };
        format!(
            "operator: {operator}\nsystem_account: {system}\nresolver: MEMORY\n\
             resolver_preload {{ {system}: {}, {account}: {} }}\n",
            of(&system),
            of(&account)
        )
    }

    /// Returns the file with which somebody logs in who may publish and subscribe these subjects and no other.
    pub fn credentials(&self, subjects: &[String]) -> String {
        let user = KeyPair::new_user();
        let may = json!({"allow": subjects});
        let claims = json!({"type": "user", "pub": may, "sub": may, "subs": -1, "data": -1, "payload": -1});
        let (login, seed) = (token(&self.account, &user.public_key(), claims), user.seed().expect("its own"));
        format!(
            "-----BEGIN NATS USER JWT-----\n{login}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }
}

fn token(signer: &KeyPair, subject: &str, mut claims: Value) -> String {
    claims["version"] = json!(2);
    let head = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let body = json!({"jti": "1", "iat": 1, "iss": signer.public_key(), "name": "test", "sub": subject, "nats": claims});
    let [head, body] = [head, body].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let signed = format!("{head}.{body}");
    let signature = signer.sign(signed.as_bytes()).expect("it has a seed");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}
