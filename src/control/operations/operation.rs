//! One operation: who may ask for it, what it takes, what it answers.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{
    control::{
        listing::{Field, Listed},
        types::{ErrorCode, List, Single},
    },
    role::{Role, Verb},
};

/// Makes the schema of a type.
pub type Form = fn(&mut SchemaGenerator) -> Schema;

/// How it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Changes nothing.
    Get,
    /// Does something.
    Post,
}

/// Who may ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Whoever has this role.
    Role(Role),
    /// Whoever may order this; it is audited, and carried out once for each key.
    Order(Verb),
}

/// Where it may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// At the control socket.
    Socket,
    /// There, and at the internal listener, by application backends.
    Both,
}

/// How far a question goes, and, of one that goes to all members of a cluster, how their answers are made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To this daemon.
    Daemon,
    /// With `cluster=true` to all: their items are one list, in this order where no other is asked for.
    Items(&'static str),
    /// To all: what they know of one order of versions is one list.
    Versions,
    /// To all: the version that is the newest.
    Newest,
    /// To all: who was sent which version is added up.
    Sent,
    /// To all: how far a version has come is added up.
    Written,
    /// To all: how they are, and whether they go together.
    Overview,
    /// To all: one has the thing that is named.
    Holder,
    /// To the one that has the task that is named.
    Owner,
    /// To all: each does its part of it.
    Parts,
}

/// What goes around the thing that is answered.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// An envelope around one thing.
    One,
    /// An envelope around a list of things that have these fields.
    Many(&'static [Field]),
    /// Lines of JSON, one after the other.
    Lines,
    /// Nothing.
    Bare,
}

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// What the envelope calls it, without `ssectl/`; without an envelope, the name of its schema alone.
    pub kind: &'static str,
    /// What goes around it.
    pub shape: Shape,
    /// The schema of all of it, or of one line.
    pub(super) form: Form,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// How it is asked for.
    pub method: Method,
    /// The path, as axum and OpenAPI write it.
    pub path: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Who may ask for it.
    pub needs: Needs,
    /// Where.
    pub doors: Doors,
    /// How far it goes.
    pub scope: Scope,
    /// What is answered.
    pub answer: Answer,
    pub(super) query: Option<Form>,
    pub(super) body: Option<Form>,
    more_errors: &'static [ErrorCode],
}

impl Answer {
    /// Returns what is said without an envelope.
    pub(super) const fn of<T: JsonSchema>() -> Self {
        Self { kind: "", shape: Shape::Bare, form: T::json_schema }
    }

    /// Returns one thing that is said by this name.
    pub(super) const fn one_of<T: JsonSchema>(kind: &'static str) -> Self {
        Self { kind, shape: Shape::One, form: Single::<T>::json_schema }
    }

    /// Returns a list that is said by this name.
    pub(super) const fn list_of<T: JsonSchema>(kind: &'static str) -> Self {
        Self { kind, shape: Shape::Many(&[]), form: List::<T>::json_schema }
    }
}

impl Operation {
    /// Returns a question.
    pub(super) const fn get(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self::new(name, path, summary, Method::Get)
    }

    /// Returns what does something.
    pub(super) const fn post(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self::new(name, path, summary, Method::Post)
    }

    const fn new(name: &'static str, path: &'static str, summary: &'static str, method: Method) -> Self {
        Self {
            name,
            method,
            path,
            summary,
            needs: Needs::Role(Role::Reader),
            doors: Doors::Socket,
            scope: Scope::Daemon,
            answer: Answer { kind: "", shape: Shape::Bare, form: object },
            query: None,
            body: None,
            more_errors: &[],
        }
    }

    /// Only for this role and those above; without: for readers.
    pub(super) const fn needs(self, role: Role) -> Self {
        Self { needs: Needs::Role(role), ..self }
    }

    /// An order that is audited and has a key.
    pub(super) const fn orders(self, verb: Verb) -> Self {
        Self { needs: Needs::Order(verb), ..self }
    }

    /// For application backends, too.
    pub(super) const fn published(self) -> Self {
        Self { doors: Doors::Both, ..self }
    }

    /// Also of all members of a cluster at once.
    pub(super) const fn reaches(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Its query.
    pub(super) const fn asks<T: JsonSchema>(self) -> Self {
        Self { query: Some(T::json_schema), ..self }
    }

    /// Its body.
    pub(super) const fn takes<T: JsonSchema>(self) -> Self {
        Self { body: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// Errors besides those that [`Self::errors`] knows of.
    pub(super) const fn or(self, more_errors: &'static [ErrorCode]) -> Self {
        Self { more_errors, ..self }
    }

    /// Answers one thing of this kind.
    pub(super) const fn gives<T: JsonSchema>(self, kind: &'static str) -> Self {
        Self { answer: Answer { kind, shape: Shape::One, form: Single::<T>::json_schema }, ..self }
    }

    /// Answers a list of this kind.
    pub(super) const fn lists<T: JsonSchema + Listed>(self, kind: &'static str) -> Self {
        let shape = Shape::Many(T::FIELDS);
        Self { answer: Answer { kind, shape, form: List::<T>::json_schema }, ..self }
    }

    /// Answers lines that are like this.
    pub(super) const fn streams<T: JsonSchema>(self, kind: &'static str) -> Self {
        Self { answer: Answer { kind, shape: Shape::Lines, form: T::json_schema }, ..self }
    }

    /// Answers an object of another world's form.
    pub(super) const fn is(self, kind: &'static str) -> Self {
        Self { answer: Answer { kind, shape: Shape::Bare, form: object }, ..self }
    }

    /// Returns what can go wrong.
    pub fn errors(&self) -> Vec<ErrorCode> {
        let order = matches!(self.needs, Needs::Order(_));
        let (body, named) = (self.body.is_some(), self.path.contains('{'));
        let asked = body || named || self.query.is_some() || matches!(self.answer.shape, Shape::Many(_));
        let errors = [
            (asked, ErrorCode::Invalid),
            (true, ErrorCode::Denied),
            (named, ErrorCode::NotFound),
            (order, ErrorCode::Conflict),
            (body, ErrorCode::TooLarge),
            (true, ErrorCode::Internal),
            (order, ErrorCode::OutcomeUnknown),
            (body || self.scope != Scope::Daemon, ErrorCode::Refused),
        ];
        let usual = errors.iter().filter(|(may, _)| *may).map(|(_, code)| code);
        usual.chain(self.more_errors).copied().collect()
    }

    /// Returns the least role that it needs.
    pub fn role(&self) -> Role {
        match self.needs {
            Needs::Role(role) | Needs::Order(Verb { needs: role, .. }) => role,
        }
    }
}

fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}
