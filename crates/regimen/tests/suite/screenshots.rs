//! The pictures of the documentation, made by `.ci/screenshots`, so that they show what there is.

use std::path::Path;

use crate::browser::{HOSPITAL, sign_in, visit};
use crate::devtools::{self, Page};
use crate::png;

#[test]
fn pictures_of_the_main_pages() {
    let Some(folder) = std::env::var_os("REGIMEN_SCREENSHOTS") else {
        eprintln!("skipped: REGIMEN_SCREENSHOTS names no folder to write to");
        return;
    };
    let folder = Path::new(&folder);
    let Some(mut page) = devtools::page() else { panic!("no pictures without Chromium") };
    let (page, site) = (&mut page, &*HOSPITAL);
    page.scheme("light");
    sign_in(page, site);
    let cookie = site.sign_in();
    let device = site.get("/api/v1/devices?text=flumenhub", &cookie).json();
    let device = format!("/assets/{}", device["rows"][0]["id"].as_str().unwrap());
    let disclosure = site.get("/api/v1/disclosures", &cookie).json();
    let disclosure = format!("/vulnerabilities/{}", disclosure["rows"][0]["id"].as_str().unwrap());
    for (name, path) in [
        ("today", "/"),
        ("assets", "/assets"),
        ("device", device.as_str()),
        ("vulnerabilities", "/vulnerabilities"),
        ("disclosure", disclosure.as_str()),
        ("evidence", "/evidence"),
    ] {
        visit(page, site, path);
        if name == "device" || name == "disclosure" {
            page.click("details.verdict > summary");
        }
        take(page, folder, name);
    }
    page.scheme("dark");
    for (name, path) in [("today-dark", "/"), ("device-dark", device.as_str())] {
        visit(page, site, path);
        take(page, folder, name);
    }
    page.scheme("light");
    page.size(390, 844, true);
    for (name, path) in [("today-phone", "/"), ("device-phone", device.as_str())] {
        visit(page, site, path);
        take(page, folder, name);
    }
}

fn take(page: &mut Page, folder: &Path, name: &str) {
    page.value("scrollTo(0, 0)");
    let picture = png::smaller(&page.picture());
    assert!(picture.len() < PICTURE_BYTES_MAX, "{name} has {} bytes", picture.len());
    std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
}

/// A picture in the repository, in bytes.
const PICTURE_BYTES_MAX: usize = 150_000;
