//! What invented makers publish: CSAF 2.0 documents, and the lists of others about them.
//!
//! Source: OASIS CSAF 2.0 (structure); CISA's KEV and FIRST's EPSS (form of the lists).
//! Limits: every vulnerability is invented; their CVE numbers are of the year 2099.

mod csaf;
mod listed;

use serde_json::json;

/// File names and contents.
pub(crate) fn documents() -> Vec<(String, Vec<u8>)> {
    listed::ADVISORIES
        .iter()
        .map(|advisory| (csaf::file_name(advisory), csaf::encode(advisory)))
        .collect()
}

/// The catalogue of exploited vulnerabilities.
pub(crate) fn kev() -> Vec<u8> {
    let entries: Vec<_> = listed::EXPLOITED
        .iter()
        .map(|(cve, maker, product, ransomware)| {
            json!({
                "cveID": cve,
                "vendorProject": maker,
                "product": product,
                "vulnerabilityName": format!("{maker} {product} Vulnerability"),
                "dateAdded": "2026-11-16",
                "shortDescription": "An invented vulnerability of an invented product.",
                "requiredAction": "Apply mitigations per vendor instructions or discontinue use.",
                "dueDate": "2026-12-07",
                "knownRansomwareCampaignUse": ransomware,
                "notes": "",
                "cwes": [],
            })
        })
        .collect();
    let catalogue = json!({
        "title": "Simulated catalogue of exploited vulnerabilities",
        "catalogVersion": "2026.11.16",
        "dateReleased": "2026-11-16T09:00:00.0000Z",
        "count": entries.len(),
        "vulnerabilities": entries,
    });
    csaf::pretty(&catalogue)
}

/// Scores for every vulnerability of the documents.
pub(crate) fn epss() -> Vec<u8> {
    let mut text = "#model_version:simulated,score_date:2026-11-23T00:00:00Z\n".to_owned();
    text.push_str("cve,epss,percentile\n");
    let mut rng = crate::random::Rng::of(99, &[]);
    for vulnerability in listed::ADVISORIES.iter().flat_map(|advisory| advisory.vulnerabilities) {
        let exploited = listed::EXPLOITED.iter().any(|(cve, ..)| *cve == vulnerability.cve);
        let score = if exploited { 40_000 } else { 50 } + rng.below(2_000);
        let percentile = if exploited { 98_000 } else { 10_000 + score * 20 };
        let row = [vulnerability.cve, &format!("0.{score:05}"), &format!("0.{percentile:05}")];
        text.push_str(&row.join(","));
        text.push('\n');
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn documents_are_consistent() {
        let documents = documents();
        assert!((14..=20).contains(&documents.len()));
        let names: BTreeSet<_> = documents.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), documents.len());
        let cves: Vec<_> = listed::ADVISORIES
            .iter()
            .flat_map(|one| one.vulnerabilities)
            .map(|one| one.cve)
            .collect();
        assert_eq!(cves.iter().collect::<BTreeSet<_>>().len(), cves.len());
        for (cve, ..) in listed::EXPLOITED {
            assert!(cves.contains(&cve), "{cve}");
        }
        for advisory in listed::ADVISORIES {
            let used: BTreeSet<u8> = advisory
                .vulnerabilities
                .iter()
                .flat_map(|one| one.status.iter().flat_map(|(_, places)| places.iter().copied()))
                .collect();
            let listed: BTreeSet<u8> = (0..advisory.products.len() as u8).collect();
            assert_eq!(used, listed, "{}", advisory.id);
        }
        let scored = String::from_utf8(epss()).unwrap();
        assert_eq!(scored.lines().count(), cves.len() + 2);
    }
}
