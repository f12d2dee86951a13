//! Every file of `fuzz/corpus/inventory` is replayed.

use std::path::Path;

#[test]
fn every_file_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/inventory");
    let mut rows = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let inventory = assets::read_inventory("seed.csv", &bytes);
        assert!(inventory.records.len() as u64 <= inventory.read, "a row was made up");
        rows += inventory.records.len();
    }
    assert!(rows >= 3, "only {rows} rows were read");
}
