//! What pages load: compiled in, so that nothing is fetched from elsewhere. The folder in an address is a hash of all of
//! them: browsers keep them for ever, references among them are relative, and a new version has new addresses.

use std::{io::Write, sync::LazyLock};

use axum::{
    extract::{Path, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::http::{
    negotiation::{Codings, KnownTags},
    problem::ApiError,
};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $media_type:literal),+ $(,)?) => {
        const ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            media_type: $media_type,
            content: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)),
        }),+];
    };
}

assets! {
    "rollcall.css": "text/css; charset=utf-8",
    "rollcall.js": "text/javascript; charset=utf-8",
    "sync.css": "text/css; charset=utf-8",
    "sync.js": "text/javascript; charset=utf-8",
    "sync-dom.js": "text/javascript; charset=utf-8",
    "sync-act.js": "text/javascript; charset=utf-8",
    "sync-drag.js": "text/javascript; charset=utf-8",
    "sync-more.js": "text/javascript; charset=utf-8",
    "sync-state.js": "text/javascript; charset=utf-8",
    "plus.svg": "image/svg+xml",
    "swap.svg": "image/svg+xml",
    "x.svg": "image/svg+xml",
    "mark.svg": "image/svg+xml",
    "next.woff2": "font/woff2",
    "next-ext.woff2": "font/woff2",
}

/// The first half of the hash of all names and contents.
static FOLDER: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for asset in ASSETS {
        hasher.update(asset.name.as_bytes()).update(&[0]).update(asset.content);
    }
    hasher.finalize().to_hex().chars().take(32).collect()
});

/// The texts among them, compressed: in the order of [`ASSETS`], `None` for what is compressed already.
static COMPRESSED: LazyLock<Vec<Option<Bytes>>> =
    LazyLock::new(|| ASSETS.iter().map(|asset| compressed(asset).map(Bytes::from)).collect());

fn compressed(asset: &Asset) -> Option<Vec<u8>> {
    if asset.media_type.starts_with("font/") {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(asset.content).ok()?;
    encoder.finish().ok()
}

/// The address of an asset.
pub(in crate::http) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *FOLDER)
}

/// Serves an asset. One whose folder is that of another version is served as well, but not to be kept: while gateways
/// are replaced one after another, a page of one may ask the other.
pub(super) async fn serve(Path((folder, name)): Path<(String, String)>, request: Request) -> Response {
    let Some((asset, compressed)) = ASSETS.iter().zip(&*COMPRESSED).find(|(asset, _)| asset.name == name)
    else {
        return ApiError::no_such_route().into_response();
    };
    let current = folder == *FOLDER;
    let kept = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&format!("W/\"{}\"", *FOLDER)) {
        headers.insert(header::ETAG, tag);
    }
    if KnownTags::of(request.headers()).has(&FOLDER) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    let gzip = Codings::of(request.headers()).gzip(asset.content.len());
    let body = match compressed {
        Some(compressed) if gzip => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            compressed.clone()
        }
        _ => Bytes::from_static(asset.content),
    };
    *response.body_mut() = body.into();
    response
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served_but_for_texts_about_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
        let mut served: BTreeSet<String> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        served.extend(["OFL.txt".to_owned(), "README.md".to_owned()]);
        assert_eq!(files, served);
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for asset in ASSETS.iter().filter(|asset| asset.media_type.starts_with("text/")) {
            let text = std::str::from_utf8(asset.content).unwrap();
            for foreign in ["http:", "https:", "url(//", "data:", "eval(", "innerHTML"] {
                assert!(!text.contains(foreign), "{foreign} in {}", asset.name);
            }
        }
    }
}
