//! Builds `knowledge/oui.tsv` from the IEEE registration authority's public listings.
//!
//! Source: the files `oui.csv` (MA-L), `oui28.csv` (MA-M), `oui36.csv` (MA-S), `iab.csv` and
//!         `cid.csv`, as the IEEE publishes them (the crate `oui-data` carries a copy).
//! Output: one line per block, `PREFIX<TAB>ORGANIZATION`, sorted; the prefix is 6, 7 or 9
//!         hexadecimal digits, which is also its length in bits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

const FILES: [&str; 5] = ["oui.csv", "oui28.csv", "oui36.csv", "iab.csv", "cid.csv"];

pub(crate) fn write_table(folder: &str, date: &str) -> Result<()> {
    let mut blocks: BTreeMap<String, String> = BTreeMap::new();
    for file in FILES {
        read_blocks(&Path::new(folder).join(file), &mut blocks)?;
    }
    ensure!(blocks.len() > 30_000, "only {} blocks; is the listing whole?", blocks.len());
    let mut text = format!("# source: IEEE registration authority listings; date: {date}\n");
    for (prefix, organization) in &blocks {
        writeln!(text, "{prefix}\t{organization}")?;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/oui.tsv");
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    println!("{} blocks in {}", blocks.len(), path.display());
    Ok(())
}

fn read_blocks(path: &Path, blocks: &mut BTreeMap<String, String>) -> Result<()> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    for record in reader.records() {
        let record = record?;
        let (Some(prefix), Some(name)) = (record.get(1), record.get(2)) else { continue };
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.is_empty() && prefix.chars().all(|c| c.is_ascii_hexdigit()) {
            blocks.entry(prefix.to_ascii_uppercase()).or_insert(name);
        }
    }
    Ok(())
}
