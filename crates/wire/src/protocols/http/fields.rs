//! Every field that HTTP yields, those of the documents and tokens it carries included.

use model::{Attribute, Confidence};

use crate::dissect::{Field, joined};
use crate::forms::ntlm;
use crate::protocols::{ssdp, wsd};

use super::NAME;

pub(super) const HOST: Field = Field::new(
    NAME,
    "Host",
    Attribute::HttpHost,
    Confidence::STATED,
    "RFC 9110 section 7.2: name by which a client called the server",
);
pub(super) const USER_AGENT: Field = Field::new(
    NAME,
    "User-Agent",
    Attribute::HttpUserAgent,
    Confidence::STATED,
    "RFC 9110 section 10.1.5: software of a client",
);
pub(super) const SERVER: Field = Field::new(
    NAME,
    "Server",
    Attribute::HttpServer,
    Confidence::STATED,
    "RFC 9110 section 10.2.4: software of a server",
);
pub(super) const POWERED_BY: Field = Field::new(
    NAME,
    "X-Powered-By",
    Attribute::Software,
    Confidence::LIKELY,
    "by custom: software that a server runs, as name@version",
);
pub(super) const AUTHENTICATION: Field = Field::new(
    NAME,
    "WWW-Authenticate",
    Attribute::HttpAuthentication,
    Confidence::STATED,
    "RFC 9110 section 11.6.1: scheme that a server offers",
);
pub(super) const AUTHENTICATION_USED: Field = Field::new(
    NAME,
    "Authorization",
    Attribute::HttpAuthentication,
    Confidence::STATED,
    "RFC 9110 section 11.6.2: scheme that a client used with the server",
);
pub(super) const REALM: Field = Field::new(
    NAME,
    "realm",
    Attribute::HttpRealm,
    Confidence::STATED,
    "RFC 9110 section 11.5: what the server calls the place that it protects",
);
pub(super) const BASIC: Field = Field::new(
    NAME,
    "Authorization",
    Attribute::ClearTextLogin,
    Confidence::STATED,
    "RFC 7617: a name and a password were sent to the server; neither is read",
);

pub(super) const PROXY: Field = Field::new(
    NAME,
    "Via",
    Attribute::Role,
    Confidence::STRONG,
    "RFC 9110 section 7.6.3, RFC 7239, section 3.2.2 of RFC 9112: speaks for others",
);

const OWN: &[Field] = &[
    HOST,
    USER_AGENT,
    SERVER,
    POWERED_BY,
    AUTHENTICATION,
    AUTHENTICATION_USED,
    REALM,
    BASIC,
    PROXY,
];

/// The whole output of this protocol.
pub(super) const ALL: &[Field] =
    &joined::<COUNT>(&[OWN, ntlm::FIELDS, wsd::FIELDS, ssdp::description::FIELDS]);

const COUNT: usize =
    OWN.len() + ntlm::FIELDS.len() + wsd::FIELDS.len() + ssdp::description::FIELDS.len();
