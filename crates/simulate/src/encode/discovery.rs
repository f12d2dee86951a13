//! SSDP notices, WS-Discovery messages and the metadata of medical devices.
//!
//! Source: UPnP Device Architecture 2.0 section 1.2; OASIS WS-Discovery 1.1; OASIS DPWS 1.1;
//! IEEE 11073-20702 (device type).

/// An `ssdp:alive` notice.
pub(crate) fn notify(location: &str, server: &str, kind: &str, unique: &str) -> Vec<u8> {
    format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n\
         LOCATION: {location}\r\nNT: {kind}\r\nNTS: ssdp:alive\r\nSERVER: {server}\r\n\
         USN: uuid:{unique}::{kind}\r\n\r\n"
    )
    .into_bytes()
}

/// What a device says of itself in WS-Discovery.
pub(crate) struct Target<'a> {
    /// Endpoint reference, `urn:uuid:…`.
    pub(crate) endpoint: &'a str,
    /// Types, e.g. `dpws:Device mdpws:MedicalDevice`.
    pub(crate) types: &'a str,
    /// Scopes, separated by blanks.
    pub(crate) scopes: &'a str,
    /// Where its metadata can be had.
    pub(crate) address: &'a str,
    /// Number of the message.
    pub(crate) number: u64,
}

/// "Hello".
pub(crate) fn hello(target: &Target<'_>) -> Vec<u8> {
    let body = format!("<wsd:Hello>{}</wsd:Hello>", described(target));
    envelope("Hello", "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01", target.number, &body)
}

/// A question for devices of a type.
pub(crate) fn probe(types: &str, number: u64) -> Vec<u8> {
    let body = format!("<wsd:Probe><wsd:Types>{types}</wsd:Types></wsd:Probe>");
    envelope("Probe", "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01", number, &body)
}

/// The answer of one device.
pub(crate) fn probe_match(target: &Target<'_>) -> Vec<u8> {
    let body = format!(
        "<wsd:ProbeMatches><wsd:ProbeMatch>{}</wsd:ProbeMatch></wsd:ProbeMatches>",
        described(target)
    );
    envelope("ProbeMatches", "http://www.w3.org/2005/08/addressing/anonymous", target.number, &body)
}

/// A question for a device's metadata (WS-Transfer Get).
pub(crate) fn metadata_request(endpoint: &str, number: u64) -> Vec<u8> {
    format!(
        "{XML}<s12:Envelope{SPACES}><s12:Header>\
         <wsa:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</wsa:Action>\
         <wsa:MessageID>urn:uuid:{}</wsa:MessageID><wsa:To>{endpoint}</wsa:To>\
         </s12:Header><s12:Body/></s12:Envelope>",
        numbered(number)
    )
    .into_bytes()
}

/// ThisModel and ThisDevice.
pub(crate) struct Metadata<'a> {
    /// Manufacturer.
    pub(crate) maker: &'a str,
    /// ManufacturerUrl.
    pub(crate) url: &'a str,
    /// ModelName.
    pub(crate) model: &'a str,
    /// ModelNumber.
    pub(crate) number: &'a str,
    /// FriendlyName.
    pub(crate) name: &'a str,
    /// FirmwareVersion.
    pub(crate) firmware: &'a str,
    /// SerialNumber.
    pub(crate) serial: &'a str,
}

/// The answer.
pub(crate) fn metadata_response(say: &Metadata<'_>, number: u64) -> Vec<u8> {
    let dialect = "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01";
    format!(
        "{XML}<s12:Envelope{SPACES}><s12:Header>\
         <wsa:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse</wsa:Action>\
         <wsa:RelatesTo>urn:uuid:{}</wsa:RelatesTo></s12:Header><s12:Body><mex:Metadata>\
         <mex:MetadataSection Dialect=\"{dialect}/ThisModel\"><dpws:ThisModel>\
         <dpws:Manufacturer>{}</dpws:Manufacturer><dpws:ManufacturerUrl>{}</dpws:ManufacturerUrl>\
         <dpws:ModelName>{}</dpws:ModelName><dpws:ModelNumber>{}</dpws:ModelNumber>\
         </dpws:ThisModel></mex:MetadataSection>\
         <mex:MetadataSection Dialect=\"{dialect}/ThisDevice\"><dpws:ThisDevice>\
         <dpws:FriendlyName>{}</dpws:FriendlyName><dpws:FirmwareVersion>{}</dpws:FirmwareVersion>\
         <dpws:SerialNumber>{}</dpws:SerialNumber></dpws:ThisDevice></mex:MetadataSection>\
         </mex:Metadata></s12:Body></s12:Envelope>",
        numbered(number),
        say.maker,
        say.url,
        say.model,
        say.number,
        say.name,
        say.firmware,
        say.serial
    )
    .into_bytes()
}

fn described(target: &Target<'_>) -> String {
    format!(
        "<wsa:EndpointReference><wsa:Address>{}</wsa:Address></wsa:EndpointReference>\
         <wsd:Types>{}</wsd:Types><wsd:Scopes>{}</wsd:Scopes><wsd:XAddrs>{}</wsd:XAddrs>\
         <wsd:MetadataVersion>1</wsd:MetadataVersion>",
        target.endpoint, target.types, target.scopes, target.address
    )
}

fn envelope(action: &str, to: &str, number: u64, body: &str) -> Vec<u8> {
    format!(
        "{XML}<s12:Envelope{SPACES}><s12:Header>\
         <wsa:Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/{action}</wsa:Action>\
         <wsa:MessageID>urn:uuid:{}</wsa:MessageID><wsa:To>{to}</wsa:To>\
         <wsd:AppSequence InstanceId=\"1\" MessageNumber=\"{}\"/>\
         </s12:Header><s12:Body>{body}</s12:Body></s12:Envelope>",
        numbered(number),
        number % 1000 + 1
    )
    .into_bytes()
}

/// A number in the form of a UUID.
pub(crate) fn numbered(number: u64) -> String {
    format!(
        "{:08x}-{:04x}-4000-8000-{:012x}",
        number >> 32,
        number >> 16 & 0xffff,
        number & 0xffff_ffff_ffff
    )
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const SPACES: &str = " xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" \
    xmlns:wsd=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" \
    xmlns:dpws=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" \
    xmlns:mex=\"http://schemas.xmlsoap.org/ws/2004/09/mex\" \
    xmlns:onvif=\"http://www.onvif.org/ver10/network/wsdl\" \
    xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\"";
