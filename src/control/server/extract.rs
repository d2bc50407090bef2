//! Reads requests, and words what is wrong with them.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use super::failure::Rejected;
use crate::control::{listing::Listing, types::ErrorCode};

/// The largest request body.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// Something of a request could not be read, for the reason in the answer, and in its extensions.
pub(super) struct Unread(Rejected);

/// Why a request could not be read, as an extension of its answer.
#[derive(Clone)]
pub(super) struct UnreadBecause(pub(super) String);

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        let because = UnreadBecause(self.0.to_string());
        let mut response = self.0.into_response();
        response.extensions_mut().insert(because);
        response
    }
}

/// A JSON body, whatever its `Content-Type` says, so that `curl -d` needs no header; none at all is `{}`.
/// No browser reaches this API, so nothing depends on that header.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Unread;

    async fn from_request(request: Request, state: &S) -> Result<Self, Unread> {
        let bytes = Bytes::from_request(request, state).await.map_err(|error| Unread(unreadable(&error)))?;
        let text: &[u8] = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Unread(Rejected::invalid("the request's body is not what this call takes").cause(&error))
        })
    }
}

fn unreadable(error: &BytesRejection) -> Rejected {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let message = format!("the request's body has more than {MAX_BODY} bytes");
        return Rejected::new(ErrorCode::TooLarge, message);
    }
    Rejected::invalid("the request's body could not be read").cause(&error.body_text())
}

/// The one part of the path that is not fixed.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Unread;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Unread> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(error) => Err(Unread(Rejected::invalid("the path cannot be read").cause(&error.body_text()))),
        }
    }
}

/// The query string.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(Rejected::invalid("the query cannot be read").cause(&error.body_text())),
        }
    }
}

/// What of a list is asked for.
pub(super) struct Asked(pub(super) Listing);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejected> {
        Ok(Self(Listing::from_query(parts.uri.query().unwrap_or_default())?))
    }
}

/// Answers for paths that do not exist.
pub(super) async fn no_such_path(request: Request) -> Rejected {
    Rejected::not_found(format!("there is no {}", request.uri().path()))
        .hint("GET /v1/openapi.json says what there is; ssectl schema prints it")
}

/// Answers for methods that a path does not have: 405, the one status that no code stands for.
pub(super) async fn no_such_method(request: Request) -> impl IntoResponse {
    let message = format!("{} does not take {}", request.uri().path(), request.method());
    (
        StatusCode::METHOD_NOT_ALLOWED,
        axum::Json(crate::control::types::Failure { error: Rejected::invalid(message).0 }),
    )
}
