//! The real `nft` takes what is rendered.

use std::io::Write as _;
use std::process::{Command, Stdio};

use protection::render::{Target, render};

use crate::{TODAY, hospital};

#[test]
fn nft_takes_the_rendering() {
    if !testing::installed("nft") {
        return;
    }
    let rendered = render(&hospital(), Target::Nftables, TODAY).unwrap();
    let mut child = Command::new("nft")
        .args(["--check", "--file", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(rendered.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("Operation not permitted") {
        testing::skip("nft needs CAP_NET_ADMIN");
        return;
    }
    assert!(output.status.success(), "{said}\n{rendered}");
}
