//! Answers what other members of the cluster ask.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::header::CONTENT_TYPE,
};
use futures_util::StreamExt;
use tower::ServiceExt;

use super::routes::Routes;
use crate::{
    access::Caller,
    control::operations::Doors,
    fleet::{Answer, Question, Unanswered},
    services::Services,
};

/// The control API as other members have it: all but to pass on.
#[derive(Clone)]
pub struct Asked(Router);

impl Asked {
    /// Returns what answers for this daemon.
    pub fn new(services: &Arc<Services>) -> Self {
        Self(Routes::behind(Doors::Socket, services).finish())
    }

    /// Answers a question, for the caller on whose behalf it is asked. What is there as a whole is one piece.
    pub async fn answer(&self, question: Question) -> Result<Answer, Unanswered> {
        let Question { method, target, body, caller, .. } = question;
        let broken = |why: &dyn std::fmt::Display| Unanswered::Broken(why.to_string());
        let request = Request::builder().method(method.as_str()).uri(target).body(Body::from(body));
        let mut request = request.map_err(|error| broken(&error))?;
        request.extensions_mut().insert(Caller::passed(caller));
        let Ok(response) = self.0.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let form = head.headers.get(CONTENT_TYPE).and_then(|form| form.to_str().ok()).unwrap_or_default();
        let status = head.status.as_u16();
        if body.size_hint().exact().is_some() {
            let whole = to_bytes(body, usize::MAX).await.map_err(|error| broken(&error))?;
            return Ok(Answer::of(status, form, whole));
        }
        let pieces = body.into_data_stream();
        let pieces = pieces.map(|piece| piece.map_err(|error| Unanswered::Broken(error.to_string())));
        Ok(Answer { status, form: form.to_owned(), body: pieces.boxed() })
    }
}
