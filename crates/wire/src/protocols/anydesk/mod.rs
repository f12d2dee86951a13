//! AnyDesk and other remote-access products that hide in TLS.
//!
//! Source:  `knowledge/remote-access-tools.csv`: server names that the makers tell firewall
//!          owners to allow, and the certificates their programs show each other.
//! Input:   a server name that a client asked for, or the names in a certificate, as [`super::tls`]
//!          read them. AnyDesk speaks TLS on every port, so it needs no dissector of its own.
//! Output:  the product; [`super::tls`] reports it.
//! Privacy: only the product's name is passed on.

use std::sync::LazyLock;

/// Whose tool a certificate shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ends {
    /// The maker's relay showed it: only the client runs the product.
    Client,
    /// The product itself showed it: both ends run it.
    Both,
}

/// The product whose servers have this name or one below it.
pub(crate) fn by_server_name(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.');
    let mut rows = TABLE.iter().filter(|row| row.how == How::ServerName);
    rows.find(|row| is_within(name, row.pattern)).map(|row| row.tool)
}

/// The product that shows a certificate with such a subject and issuer.
pub(crate) fn by_certificate(subject: &str, issuer: &str) -> Option<(&'static str, Ends)> {
    let mut rows = TABLE.iter().filter(|row| row.how == How::Certificate);
    rows.find(|row| has_part(subject, row.pattern) || has_part(issuer, row.pattern))
        .map(|row| (row.tool, row.ends))
}

fn is_within(name: &str, domain: &str) -> bool {
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    let Some((host, tail)) = name.split_at_checked(start) else { return false };
    tail.eq_ignore_ascii_case(domain) && (host.is_empty() || host.ends_with('.'))
}

fn has_part(name: &str, part: &str) -> bool {
    name.split(',').any(|have| have == part)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    ServerName,
    Certificate,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    tool: &'static str,
    how: How,
    pattern: &'static str,
    ends: Ends,
}

fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split(',');
    let tool = cells.next()?;
    let how = match cells.next()? {
        "server_name" => How::ServerName,
        "certificate" => How::Certificate,
        _ => return None,
    };
    let pattern = cells.next()?;
    let ends = match cells.next()? {
        "client" => Ends::Client,
        "both" => Ends::Both,
        _ => return None,
    };
    Some(Row { tool, how, pattern, ends })
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| TEXT.lines().skip(1).filter_map(row).collect());

const TEXT: &str = include_str!("../../../../../knowledge/remote-access-tools.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        assert_eq!(TABLE.len(), TEXT.lines().count() - 1);
        assert!(TEXT.lines().all(|line| line.split(',').count() == 6), "six columns");
    }

    #[test]
    fn finds_by_server_name() {
        for (name, want) in [
            ("relay-1.net.anydesk.com", Some("AnyDesk")),
            ("ANYDESK.com.", Some("AnyDesk")),
            ("notanydesk.com", None),
            ("anydesk.com.example", None),
            ("", None),
            ("äteamviewer.com", None),
            ("router1.teamviewer.com", Some("TeamViewer")),
        ] {
            assert_eq!(by_server_name(name), want, "{name}");
        }
    }

    #[test]
    fn finds_by_certificate() {
        for (subject, issuer, want) in [
            ("CN=AnyNet Relay", "CN=AnyNet Root CA,O=x", Some(("AnyDesk", Ends::Client))),
            ("CN=AnyDesk Client", "CN=AnyDesk Client", Some(("AnyDesk", Ends::Both))),
            ("O=CN=AnyDesk Clients", "", None),
        ] {
            assert_eq!(by_certificate(subject, issuer), want, "{subject}");
        }
    }
}
