//! The style sheet, the script and the icon, compiled in.
//!
//! Their addresses carry a hash of their content, so browsers may keep them for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::error::{Failure, Kind};
use crate::form_key::hex;

/// Where pages find the files.
pub(crate) struct Addresses {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
}

/// Where pages find the files.
pub(crate) static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    style: FILES[0].address(),
    script: FILES[1].address(),
    icon: FILES[2].address(),
});

/// `GET /static/{file}`
pub(crate) async fn file(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let found = FILES.iter().find(|file| file.address().ends_with(&format!("/{name}")));
    let file = found.ok_or_else(|| Failure::new(Kind::NotFound, "There is no such file."))?;
    let tag = format!("\"{}\"", file.hash());
    let kept = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == tag.as_str());
    let own = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::CONTENT_TYPE, file.kind.to_owned()),
    ];
    if kept {
        return Ok((StatusCode::NOT_MODIFIED, own).into_response());
    }
    Ok((own, file.text).into_response())
}

/// `GET /health`: the process answers. Says nothing else, since anyone may ask.
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

struct File {
    stem: &'static str,
    end: &'static str,
    kind: &'static str,
    text: &'static str,
}

impl File {
    fn hash(&self) -> String {
        let mut hash = hex(&Sha256::digest(self.text.as_bytes()));
        hash.truncate(HASH_DIGITS);
        hash
    }

    fn address(&self) -> String {
        format!("/static/{}.{}.{}", self.stem, self.hash(), self.end)
    }
}

static FILES: [File; 3] = [
    File {
        stem: "regimen",
        end: "css",
        kind: "text/css; charset=utf-8",
        text: include_str!("../assets/regimen.css"),
    },
    File {
        stem: "regimen",
        end: "js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("../assets/regimen.js"),
    },
    File {
        stem: "icon",
        end: "svg",
        kind: "image/svg+xml",
        text: include_str!("../assets/icon.svg"),
    },
];

/// Hexadecimal digits of the hash that an address carries; 64 bits tell versions apart.
const HASH_DIGITS: usize = 16;
