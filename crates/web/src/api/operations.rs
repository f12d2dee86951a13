//! What the API offers, as one table; the OpenAPI document and the page `/api` are made from it.
//!
//! Source: OpenAPI Specification 3.1.0. The schemas are `assets/schemas.json`, written by hand
//! because the rows they describe are defined below this crate; a test holds each of them against
//! rows as they are really serialised, in both directions.

use serde_json::{Map, Value, json};

/// One operation.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Its `operationId`.
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) answer: Answer,
}

/// A parameter of an operation.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) meaning: &'static str,
}

/// What an operation answers when it succeeds.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// One object.
    One(&'static str),
    /// A window on rows, with their total.
    Rows(&'static str),
    /// A plain list.
    List(&'static str),
    /// A new session.
    Created(&'static str),
    /// Any JSON document.
    Json,
    /// Bytes as they were received.
    Bytes,
    /// Nothing.
    Nothing,
}

impl Answer {
    /// What the page says.
    pub(crate) fn words(self) -> String {
        match self {
            Self::One(name) | Self::Created(name) => name.to_owned(),
            Self::Rows(name) => format!("rows of {name}, and their total"),
            Self::List(name) => format!("list of {name}"),
            Self::Json => "JSON".to_owned(),
            Self::Bytes => "the bytes as received".to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Created(_) => "201",
            Self::Nothing => "204",
            _ => "200",
        }
    }

    fn response(self) -> Value {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let schema = match self {
            Self::One(name) | Self::Created(name) => reference(name),
            Self::List(name) => json!({ "type": "array", "items": reference(name) }),
            Self::Rows(name) => json!({
                "type": "object",
                "required": ["rows", "total"],
                "properties": {
                    "rows": { "type": "array", "items": reference(name) },
                    "total": { "type": "integer", "minimum": 0 },
                    "pending": {
                        "type": "integer",
                        "minimum": 0,
                        "description": "Devices that are not yet decided with what is held; in \
                                        lists of devices, verdicts, disclosures and software.",
                    },
                },
            }),
            Self::Json => json!({ "type": "object" }),
            Self::Bytes => {
                let content = json!({ "application/octet-stream": {} });
                return json!({ "description": "The document as received.", "content": content });
            }
            Self::Nothing => return json!({ "description": "Done." }),
        };
        json!({ "description": self.words(), "content": { "application/json": { "schema": schema } } })
    }
}

/// The OpenAPI document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.to_owned(), described(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Regimen",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the pages show, as JSON, under the same names. Times are RFC 3339 in UTC.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, { "cookie": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "regimen" },
            },
        },
    })
}

/// The schemas of the rows, by name.
pub(crate) fn schemas() -> Value {
    serde_json::from_str(include_str!("../../assets/schemas.json")).unwrap_or_default()
}

fn described(operation: &Operation) -> Value {
    let parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    let problem = json!({
        "description": "A problem (RFC 9457); its `answerable` says who can put it right.",
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
        } },
    });
    let answer = operation.answer;
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": { answer.status(): answer.response(), "default": problem },
    });
    if matches!(answer, Answer::Created(_))
        && let Some(members) = described.as_object_mut()
    {
        let schema = json!({ "$ref": "#/components/schemas/Credentials" });
        let content = json!({ "application/json": { "schema": schema } });
        members.insert("requestBody".into(), json!({ "required": true, "content": content }));
        members.insert("security".into(), json!([]));
    }
    described
}

fn parameter(parameter: &Parameter) -> Value {
    let schema: Value = match parameter.schema {
        "verdict" => json!({ "type": "string", "enum": ["affected", "unknown", "not_affected"] }),
        "sort" => {
            json!({ "type": "string", "enum": crate::query::ORDERS.map(|(name, _, _)| name) })
        }
        "window" => json!({ "type": "integer", "minimum": 0 }),
        plain => json!({ "type": plain }),
    };
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.meaning,
        "schema": schema,
    })
}

macro_rules! params {
    ($($place:ident $name:literal $schema:literal $meaning:literal,)*) => {
        &[$(Parameter {
            name: $name,
            place: stringify!($place),
            schema: $schema,
            meaning: $meaning,
        },)*]
    };
}

const WINDOW: &[Parameter] = params! {
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const ID: &[Parameter] = params! { path "id" "string" "Key of the device.", };
const ID_WINDOW: &[Parameter] = params! {
    path "id" "string" "Key of the device.",
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const KEY: &[Parameter] = params! {
    path "key" "string" "Key of the disclosure, or its tracking id, percent-encoded.",
};
const KEY_WINDOW: &[Parameter] = params! {
    path "key" "string" "Key of the disclosure, or its tracking id, percent-encoded.",
    query "offset" "window" "Devices to pass over.",
    query "limit" "window" "Devices to return, 1 to 1000; 100 where absent.",
};
const TRUST: &[Parameter] = params! {
    query "namespace" "string" "Namespace of the publisher, as its documents name it. Must be given.",
    query "source" "string" "Only what this source brought; any where absent.",
};
const DEVICES: &[Parameter] = params! {
    query "text" "string" "In a MAC, IP, serial, UDI, asset id, name, maker, model or location.",
    query "class" "string" "Class, e.g. `ct_scanner`.",
    query "maker" "string" "Maker, exactly as shown.",
    query "site" "string" "Site.",
    query "verdict" "verdict" "Devices with at least one verdict of this kind.",
    query "in_inventory" "boolean" "With or without a row in the hospital's own inventory.",
    query "on_network" "boolean" "Seen on the wire, or never seen.",
    query "disclosure" "string" "Devices with a verdict from this disclosure (its key).",
    query "as_of" "string" "As they were at this time (RFC 3339), or at the end of this day.",
    query "sort" "sort" "What to sort by; `exposure` where absent.",
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const CONVERSATIONS: &[Parameter] = params! {
    query "device" "string" "Key of the device. Must be given.",
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const SOFTWARE: &[Parameter] = params! {
    query "text" "string" "In the name or the version.",
    query "as_of" "string" "As it was at this time (RFC 3339), or at the end of this day.",
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const DISCLOSURES: &[Parameter] = params! {
    query "text" "string" "In a tracking id, CVE, title, publisher, maker or product.",
    query "verdict" "verdict" "Those with at least one device of this verdict.",
    query "exploited" "boolean" "Those with a CVE in the KEV catalogue, or without.",
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const VERDICTS: &[Parameter] = params! {
    query "verdict" "verdict" "Only this verdict.",
    query "device" "string" "Only this device (its key).",
    query "disclosure" "string" "Only this disclosure (its key).",
    query "vulnerability" "string" "Only this CVE.",
    query "as_of" "string" "As they were at this time (RFC 3339), or at the end of this day.",
    query "offset" "window" "Rows to pass over.",
    query "limit" "window" "Rows to return, 1 to 1000; 100 where absent.",
};
const LIMIT: &[Parameter] = params! {
    query "limit" "window" "Questions to return, 1 to 1000; 100 where absent.",
};

macro_rules! operations {
    ($($method:ident $path:literal $id:literal $parameters:path, $answer:expr, $summary:literal;)+) => {
        /// Every operation.
        pub(crate) const OPERATIONS: &[Operation] = &[$(Operation {
            method: stringify!($method),
            path: $path,
            id: $id,
            summary: $summary,
            parameters: $parameters,
            answer: $answer,
        },)+];
    };
}

const NONE: &[Parameter] = &[];

operations! {
    post "/api/v1/session" "open_session" NONE, Answer::Created("Session"),
        "Sign in. The token is shown once; send it as `Authorization: Bearer …`.";
    delete "/api/v1/session" "close_session" NONE, Answer::Nothing, "Sign out.";
    get "/api/v1/overview" "overview" NONE, Answer::One("Overview"), "The state of the whole house.";
    get "/api/v1/devices" "list_devices" DEVICES, Answer::Rows("DeviceRow"),
        "Devices that match every filter given.";
    get "/api/v1/devices/{id}" "show_device" ID, Answer::One("DeviceDetail"),
        "One device with its facts, verdicts and conversations.";
    get "/api/v1/devices/{id}/verdicts" "list_device_verdicts" ID_WINDOW,
        Answer::Rows("DeviceVerdict"), "Verdicts on one device, worst first.";
    get "/api/v1/devices/{id}/history" "show_device_history" ID, Answer::One("DeviceHistory"),
        "Every change of one device and of its verdicts, oldest first.";
    get "/api/v1/conversations" "list_conversations" CONVERSATIONS, Answer::Rows("Conversation"),
        "Conversations of one device, largest first, at most 1000.";
    get "/api/v1/software" "list_software" SOFTWARE, Answer::Rows("SoftwareRow"),
        "Software, and how many devices have it.";
    get "/api/v1/disclosures" "list_disclosures" DISCLOSURES, Answer::Rows("DisclosureRow"),
        "Disclosures, those that touch devices first, newest first.";
    get "/api/v1/disclosures/{key}" "show_disclosure" KEY_WINDOW, Answer::One("DisclosureDetail"),
        "One disclosure, with a window on the devices it touches.";
    get "/api/v1/disclosures/{key}/raw" "show_disclosure_raw" KEY, Answer::Bytes,
        "The document byte for byte.";
    post "/api/v1/disclosures/{key}/confirm" "confirm_clearing" KEY, Answer::One("Confirmed"),
        "Agree to what the newest version of a disclosure clears.";
    get "/api/v1/held" "list_held" NONE, Answer::List("HeldRow"),
        "Disclosures whose newest version would clear devices and waits for a person.";
    get "/api/v1/engine" "show_engine" NONE, Answer::One("Engine"),
        "The newer version of Regimen, where it would clear so much that it waits for a person.";
    post "/api/v1/engine/confirm" "confirm_engine" NONE, Answer::One("Confirmed"),
        "Agree to what the newer version of Regimen clears.";
    get "/api/v1/trust" "list_trusted" NONE, Answer::List("TrustRow"),
        "Publishers whose documents may clear devices without a question.";
    post "/api/v1/trust" "trust_publisher" TRUST, Answer::One("Confirmed"),
        "Trust a publisher to clear devices, and accept what waits of it.";
    delete "/api/v1/trust" "untrust_publisher" TRUST, Answer::Nothing,
        "Trust it no more. What was accepted stays so.";
    get "/api/v1/verdicts" "list_verdicts" VERDICTS, Answer::Rows("DeviceVerdict"),
        "Verdicts, worst first.";
    get "/api/v1/questions" "list_questions" LIMIT, Answer::List("OpenQuestion"),
        "The questions that would decide most unknown verdicts, most first.";
    get "/api/v1/jobs" "list_jobs" NONE, Answer::List("Job"), "What the hub does by itself, and what came of it.";
    get "/api/v1/settings" "list_settings" NONE, Answer::List("Setting"), "How the house is run.";
    get "/api/v1/people" "list_people" NONE, Answer::List("Person"), "Accounts, and what is granted to them.";
    get "/api/v1/ingests" "list_ingests" WINDOW, Answer::Rows("IngestRow"),
        "What was taken in, newest first, with what was skipped and why.";
    get "/api/v1/evidence" "list_evidence" WINDOW, Answer::Rows("EvidenceRow"),
        "The evidence log, newest first.";
    get "/api/v1/evidence/verify" "verify_evidence" NONE, Answer::One("EvidenceCheck"),
        "Check the whole evidence chain.";
    get "/api/openapi.json" "openapi" NONE, Answer::Json, "This description.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::Verdict;
    use serde::Serialize;

    use super::*;
    use crate::query::{DEVICE_PARAMS, DISCLOSURE_PARAMS, VERDICT_PARAMS, WINDOW_PARAMS};
    use crate::routes::ROUTES;
    use crate::sample;

    #[test]
    fn every_route_of_the_api_is_described_and_no_other() {
        let api = ROUTES.iter().filter(|route| route.path.starts_with("/api/"));
        let routes: BTreeSet<_> = api.map(|route| (route.method, route.path)).collect();
        let described: BTreeSet<_> = OPERATIONS.iter().map(|one| (one.method, one.path)).collect();
        assert_eq!(routes, described);
    }

    #[test]
    fn the_document_is_openapi() {
        for (name, schema) in schemas().as_object().unwrap() {
            let read: Result<utoipa::openapi::Schema, _> = serde_json::from_value(schema.clone());
            assert!(read.is_ok(), "{name}");
        }
        let document: utoipa::openapi::OpenApi = serde_json::from_value(document()).unwrap();
        assert_eq!(document.paths.paths.len(), 25);
        let ids: BTreeSet<_> = OPERATIONS.iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            let named = operation.path.matches('{').count();
            let given = operation.parameters.iter().filter(|one| one.place == "path").count();
            assert_eq!(named, given, "{}", operation.path);
        }
    }

    #[test]
    fn parameters_are_those_that_are_read() {
        let named = |id: &str| -> BTreeSet<&str> {
            let operation = OPERATIONS.iter().find(|one| one.id == id).unwrap();
            operation.parameters.iter().map(|one| one.name).collect()
        };
        let read =
            |sets: &[&[&'static str]]| -> BTreeSet<&str> { sets.concat().into_iter().collect() };
        assert_eq!(named("list_devices"), read(&[DEVICE_PARAMS, WINDOW_PARAMS]));
        assert_eq!(named("list_disclosures"), read(&[DISCLOSURE_PARAMS, WINDOW_PARAMS]));
        assert_eq!(named("list_verdicts"), read(&[VERDICT_PARAMS, WINDOW_PARAMS]));
    }

    #[test]
    fn rows_are_as_their_schemas_say() {
        let mut unknown = sample::device_detail();
        unknown.verdicts[0].decided_at = None;
        check("Overview", &sample::overview());
        check("DeviceRow", &sample::device_row(0));
        check("DeviceRow", &sample::device_row(3));
        check("DeviceDetail", &sample::device_detail());
        check("DeviceDetail", &unknown);
        check("DeviceHistory", &sample::device_history());
        check("Verdict", &sample::verdict("CVE-2026-0001", Verdict::Unknown));
        check("DeviceVerdict", &sample::disclosure_detail().devices.rows[0]);
        check("Conversation", &sample::device_detail().conversations[0]);
        check("SoftwareRow", &sample::software().rows[0]);
        check("DisclosureRow", &sample::disclosure_row(1));
        check("DisclosureDetail", &sample::disclosure_detail());
        check("Verdict", &sample::held_verdict());
        check("HeldRow", &sample::held());
        check("TrustRow", &sample::trust());
        check("Confirmed", &hub::Confirmed { changes: 3 });
        check("Engine", &crate::api::clearing::Engine { waits: Some(sample::engine()) });
        check("Engine", &crate::api::clearing::Engine { waits: None });
        check("OpenQuestion", &sample::questions()[0]);
        check("IngestRow", &sample::ingests().rows[1]);
        check("Job", &sample::job());
        check("Setting", &sample::setting());
        check("Person", &sample::person());
        check("EvidenceRow", &sample::evidence().rows[0]);
        check("EvidenceCheck", &sample::evidence_check(false));
    }

    #[test]
    fn a_schema_that_lies_is_found() {
        let schemas = schemas();
        for (name, value) in [
            ("a member missing", json!({ "name": "x" })),
            ("a member too many", json!({ "name": "x", "version": "1", "more": 1 })),
            ("another type", json!({ "name": 1, "version": "1" })),
        ] {
            let schema = json!({ "$ref": "#/components/schemas/Software" });
            assert!(fits(&schemas, &schema, &value, "").is_err(), "{name}");
        }
    }

    fn check(name: &str, row: &impl Serialize) {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        let value = serde_json::to_value(row).unwrap();
        assert_eq!(fits(&schemas(), &schema, &value, name), Ok(()));
    }

    /// Holds a value against a schema, the way both are written here: every member described, every
    /// required member there, types as said.
    fn fits(schemas: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            let found = schemas.get(name).ok_or(format!("{at}: no schema {name}"))?;
            return fits(schemas, found, value, at);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fit = choices.iter().any(|choice| fits(schemas, choice, value, at).is_ok());
            return if fit { Ok(()) } else { Err(format!("{at}: fits none")) };
        }
        if let Some(values) = schema["enum"].as_array() {
            return if values.contains(value) { Ok(()) } else { Err(format!("{at}: not listed")) };
        }
        let kinds = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(()),
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_u64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let whole = kind == "integer" && kinds.contains(&"number");
        if !whole && !kinds.contains(&kind) {
            return Err(format!("{at}: {kind} is not {kinds:?}"));
        }
        for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
            fits(schemas, &schema["items"], entry, &format!("{at}/{index}"))?;
        }
        let Some(members) = value.as_object() else { return Ok(()) };
        for required in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(required.as_str().unwrap()) {
                return Err(format!("{at}: {required} is missing"));
            }
        }
        if let Some(each) = schema.get("additionalProperties") {
            return members
                .iter()
                .try_for_each(|(name, value)| fits(schemas, each, value, &format!("{at}/{name}")));
        }
        let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
        members.iter().try_for_each(|(name, value)| {
            let schema = properties.get(name).ok_or(format!("{at}: `{name}` is not described"))?;
            fits(schemas, schema, value, &format!("{at}/{name}"))
        })
    }
}
