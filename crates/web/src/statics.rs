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

#[cfg(test)]
mod tests {
    use super::*;

    /// With `REGIMEN_PAGES` set, writes the files beside the pages, to be looked at.
    #[test]
    fn files_can_be_looked_at() {
        let Some(folder) = std::env::var_os("REGIMEN_PAGES") else { return };
        for file in &FILES {
            let path =
                std::path::PathBuf::from(&folder).join(file.address().trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.text).unwrap();
        }
    }

    #[test]
    fn the_script_is_small_and_calls_nobody() {
        let script = FILES[1].text;
        assert!(script.lines().count() < 400);
        for call in ["fetch(", "XMLHttpRequest", "import", "eval(", "innerHTML", "://"] {
            assert!(!script.contains(call), "{call}");
        }
        assert!(!FILES[0].text.contains("url(http") && !FILES[0].text.contains("@import"));
    }

    /// WCAG 2.2, success criterion 1.4.3: text 4.5 to 1; and 1.4.11 for borders of controls: 3 to 1.
    #[test]
    #[rustfmt::skip]
    fn colours_have_contrast_in_light_and_dark() {
        let style = FILES[0].text;
        let (light, rest) = style.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for (scheme, tokens) in [("light", light), ("dark", rest.split_once("* {").unwrap().0)] {
            for (text, ground, least) in [
                ("--ink", "--paper", 4.5), ("--ink", "--ground", 4.5), ("--ink", "--hover", 4.5),
                ("--ink-2", "--paper", 4.5), ("--ink-2", "--ground", 4.5), ("--ink-2", "--raised", 4.5),
                ("--ink-2", "--hover", 4.5),
                ("--link", "--paper", 4.5), ("--link", "--ground", 4.5), ("--link", "--hover", 4.5),
                ("--red", "--red-wash", 4.5), ("--paper", "--red", 4.5), ("--paper", "--ink", 4.5),
                ("--amber", "--amber-wash", 4.5), ("--green", "--green-wash", 4.5),
                ("--violet", "--violet-wash", 4.5), ("--violet", "--violet-hatch", 4.5),
                ("--ink", "--red-wash", 4.5), ("--ink", "--violet-wash", 4.5),
                ("--line-2", "--paper", 3.0), ("--focus", "--paper", 3.0), ("--focus", "--ground", 3.0),
            ] {
                let ratio = contrast(token(tokens, text), token(tokens, ground));
                assert!(ratio >= least, "{scheme}: {text} on {ground} is {ratio:.2} to 1");
            }
        }
    }

    fn token(tokens: &str, name: &str) -> [f64; 3] {
        let (_, rest) = tokens.split_once(&format!("{name}: #")).unwrap();
        let channel = |at: usize| f64::from(u8::from_str_radix(&rest[at..at + 2], 16).unwrap());
        [channel(0), channel(2), channel(4)]
    }

    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let linear = |channel: f64| {
            let share = channel / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |[red, green, blue]: [f64; 3]| {
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}
