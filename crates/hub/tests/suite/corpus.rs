//! Public disclosures taken in whole.

use crate::house::{House, corpus};

#[test]
fn every_cisa_document_is_taken_in() {
    for (folder, count) in [("disclosures/cisa-icsma", 134), ("disclosures/cisa-icsa", 1901)] {
        let Some(path) = corpus(folder) else { return };
        let house = House::new();
        let summary = house.ingest(&[&path]);
        assert!(summary.skipped.is_empty(), "{folder}: {:?}", summary.skipped);
        assert_eq!((summary.read, summary.accepted), (count, count), "{folder}");
    }
}

#[test]
fn broken_documents_are_refused_with_the_place() {
    let Some(path) = corpus("disclosures/oasis-testsuite/csaf_2.0/test/validator/data") else {
        return;
    };
    let house = House::new();
    let summary = house.ingest(&[&path]);
    assert!(summary.accepted > 100, "{}", summary.accepted);
    for skip in summary.skipped.iter().filter(|skip| skip.path.contains("csaf_2_0")) {
        assert!(!skip.place.is_empty() && !skip.reason.is_empty(), "{skip:?}");
    }
}

#[test]
fn exploited_vulnerabilities_and_scores_are_taken_in() {
    let Some(path) = corpus("kev-epss") else { return };
    let house = House::new();
    let kev = house.ingest(&[&path.join("known_exploited_vulnerabilities.json")]);
    assert_eq!(kev.by_type["kev"], 1404, "{kev:?}");
    let epss = house.ingest(&[&path.join("epss_subset_kev_2026-08-22.csv")]);
    assert!(epss.by_type["epss"] > 1500, "{epss:?}");
}
