//! The OpenAPI document, without its routes.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Header, HeaderBuilder, ObjectBuilder, RefOr, Required, ResponseBuilder, Schema, Type,
        path::{ParameterBuilder, ParameterIn},
        schema::SchemaType,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::api;

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "Stages the people and customers of your payroll, accounting and PSA systems, and links them to \
            the users of your other software.\n\nErrors are `application/problem+json` with a `code` for programs and \
            a `remedy` for people. Times are RFC 3339 in UTC. Lists are pages: send `next_cursor` as `cursor` until it \
            is null."
    ),
    components(schemas(api::schema::ProblemBody)),
    modifiers(&Authentication, &Vocabularies),
    // The relative address of the gateway that serves the document.
    servers((url = "/")),
    security(("token" = []), ("session" = [])),
    tags(
        (name = "companies", description = "The tenants"),
        (name = "connections", description = "Links to source systems"),
        (name = "webhooks", description = "What source systems told, and what could not be dealt with"),
        (name = "runs", description = "What synchronisations did, and decisions about holds"),
        (name = "employees", description = "Staged people"),
        (name = "customers", description = "Staged customers"),
        (name = "profiles", description = "The app's own people and customers"),
        (name = "links", description = "Profile ↔ record"),
        (name = "changes", description = "What has happened, in order, without a gap"),
        (name = "accounts", description = "The people who sign in"),
        (name = "apps", description = "Downstream systems and their tokens"),
        (name = "operations", description = "For those who run the gateway")
    )
)]
pub(super) struct ApiDocument;

struct Authentication;

/// Describes conditional requests for all answers in JSON: see [`super::representation`].
pub(super) fn tell_tags(openapi: &mut utoipa::openapi::OpenApi) {
    let tagged = |path: &str| path.starts_with("/v1/") || path == "/openapi.json";
    let shown = openapi.paths.paths.iter_mut().filter(|(path, _)| tagged(path));
    for operation in shown.filter_map(|(_, item)| item.get.as_mut()) {
        let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") else { continue };
        if !answer.content.contains_key("application/json") {
            continue;
        }
        answer.headers.insert("ETag".to_owned(), etag().into());
        let not_modified = ResponseBuilder::new()
            .description("It is what the caller has: one of the tags of `If-None-Match` is its tag")
            .header("ETag", etag());
        operation.responses.responses.insert("304".to_owned(), not_modified.build().into());
        let known = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("Tags of answers that the caller has, as they stood in `ETag`."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        operation.parameters.get_or_insert_default().push(known.build().into());
    }
}

fn etag() -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some("Changes whenever the answer does: send it as `If-None-Match`."))
        .build()
}

/// Says that no text in an address contains the character NUL.
pub(super) fn refuse_nul(openapi: &mut utoipa::openapi::OpenApi) {
    let operations =
        openapi.paths.paths.values_mut().flat_map(|item| {
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete]
        });
    for parameter in operations.flatten().flat_map(|operation| operation.parameters.iter_mut().flatten()) {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(Schema::Object(text))) = &mut parameter.schema
            && text.enum_values.is_none()
            && is_text(&text.schema_type)
        {
            text.pattern.get_or_insert_with(|| r"^[^\u0000]*$".to_owned());
        }
    }
}

fn is_text(schema: &SchemaType) -> bool {
    match schema {
        SchemaType::Type(one) => *one == Type::String,
        SchemaType::Array(several) => several.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}

impl Modify for Authentication {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "The token of `rollcall app add`, or of `POST /v1/apps`; or a person's, of `POST /v1/me/tokens`.",
        ));
        let components = openapi.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description(
            "__Host-rollcall",
            "The cookie of `POST /v1/session`; its name is `rollcall` where the gateway's public address is not HTTPS. A \
                request that changes something must come from the gateway's own pages: `Sec-Fetch-Site` or `Origin` shows it.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// The vocabularies: each is one schema, so that a generated client has one type for it.
struct Vocabularies;

impl Modify for Vocabularies {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let schemas = &mut openapi.components.get_or_insert_default().schemas;
        schemas.extend(api::schema::vocabularies().map(|(name, schema)| (name.to_owned(), schema)));
    }
}
