//! The schemas of a document: those of bodies say what is read, those of answers what is written.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use super::{Answer, Form, Shape};
use crate::{control::types::SCHEMA_VERSION, request_id::RequestId};

/// Where the schemas are in a document.
pub(super) const PLACE: &str = "#/components/schemas/";

/// The schemas that were named so far.
pub(super) struct Components {
    read: SchemaGenerator,
    written: SchemaGenerator,
    kinds: Map<String, Value>,
}

impl Components {
    pub(super) fn new() -> Self {
        // Doc comments are broken into lines where the code is.
        let flowing = RecursiveTransform(|schema: &mut Schema| {
            if let Some(Value::String(about)) = schema.get_mut("description") {
                *about =
                    about.split("\n\n").map(|part| part.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
            }
        });
        // What is written is there.
        let complete = RecursiveTransform(|schema: &mut Schema| {
            schema.remove("default");
        });
        let settings = || {
            let ours = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            });
            ours.with_transform(flowing.clone())
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().with_transform(complete).into_generator(),
            kinds: Map::new(),
        }
    }

    /// Returns a body's schema, and whether there must be one.
    pub(super) fn body(&mut self, form: Form) -> (Value, bool) {
        let schema = form(&mut self.read).to_value();
        let name = schema["$ref"].as_str().and_then(|place| place.strip_prefix(PLACE)).unwrap_or_default();
        let whole = self.read.definitions().get(name);
        let required =
            whole.and_then(|whole| whole["required"].as_array()).is_some_and(|all| !all.is_empty());
        (schema, required)
    }

    /// Returns the parameters of a query.
    pub(super) fn query(&mut self, form: Form) -> Vec<Value> {
        let mut whole = form(&mut self.read);
        for transform in self.read.transforms_mut() {
            transform.transform(&mut whole);
        }
        let mut whole = whole.to_value();
        let Value::Object(fields) = whole["properties"].take() else { return Vec::new() };
        let needed = |name: &str| whole["required"].as_array().is_some_and(|all| all.contains(&name.into()));
        let parameter = |(name, mut schema): (String, Value)| {
            let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            // What is not given is left out: a query has no null.
            json!({
                "name": name,
                "in": "query",
                "required": needed(&name),
                "description": about,
                "schema": given(schema),
            })
        };
        fields.into_iter().map(parameter).collect()
    }

    /// Returns the schema of a part of the path.
    pub(super) fn named(&mut self, name: &str) -> Value {
        match name {
            "request_id" => self.read.subschema_for::<RequestId>().to_value(),
            "sequence" => json!({ "type": "integer", "minimum": 1 }),
            _ => json!({ "type": "string", "minLength": 1 }),
        }
    }

    /// Notes what is answered under the name of its kind, and returns where that is.
    pub(super) fn answer(&mut self, kind: &str, answer: &Answer, about: &str) -> Value {
        if !self.kinds.contains_key(kind) {
            let mut schema = (answer.form)(&mut self.written);
            for transform in self.written.transforms_mut() {
                transform.transform(&mut schema);
            }
            let mut schema = schema.to_value();
            if matches!(answer.shape, Shape::One | Shape::Many(_)) {
                schema["properties"]["schema"] = json!({ "const": format!("ssectl/{kind}") });
                schema["properties"]["schema_version"] = json!({ "const": SCHEMA_VERSION });
            }
            schema["description"] = match answer.shape {
                Shape::One => self.about(&schema["properties"]["item"]),
                Shape::Lines => schema["description"].take(),
                Shape::Many(_) | Shape::Bare => about.into(),
            };
            self.kinds.insert(kind.to_owned(), schema);
        }
        json!({ "$ref": format!("{PLACE}{kind}") })
    }

    /// Returns what is said of the type that a schema refers to.
    fn about(&self, schema: &Value) -> Value {
        let name = schema["$ref"].as_str().and_then(|place| place.strip_prefix(PLACE)).unwrap_or_default();
        self.written.definitions().get(name).map_or(Value::Null, |named| named["description"].clone())
    }

    /// Returns the types that are read, and those that are written.
    #[cfg(test)]
    pub(super) fn types(&self) -> (&Map<String, Value>, &Map<String, Value>) {
        (self.read.definitions(), self.written.definitions())
    }

    /// Returns all of them, kinds first.
    pub(super) fn into_schemas(mut self) -> Map<String, Value> {
        let mut all = self.kinds;
        all.sort_keys();
        let mut types = self.written.take_definitions(true);
        for (name, schema) in self.read.take_definitions(true) {
            types.entry(name).or_insert(schema);
        }
        types.sort_keys();
        all.extend(types);
        all
    }
}

/// Takes null out of what a schema allows.
fn given(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").filter(|types| types.is_array()) {
        let one = types.as_array().and_then(|types| types.iter().find(|name| *name != "null")).cloned();
        *types = one.unwrap_or_default();
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().find(|choice| choice["type"] != "null").cloned().unwrap_or_default();
    }
    schema
}
