//! The kinds of thing that can be known about a device.
//!
//! One registry for the whole project: a parser, an import and a page name an attribute by the
//! same constant, and the text form is what `observe`, the API and the store use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! attributes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A kind of thing that can be known about a device. The text form is `snake_case`.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Attribute {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Attribute {
            /// Every attribute, in registry order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name users see and files carry.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }

        impl FromStr for Attribute {
            type Err = UnknownAttribute;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$name),)+ _ => Err(UnknownAttribute) }
            }
        }
    };
}

/// The caller: no attribute has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no attribute has this name")]
pub struct UnknownAttribute;

attributes! {
    // What the device is: derived, or stated outright by the device or a record.
    /// Manufacturer of the device.
    Maker = "maker",
    /// Model name.
    Model = "model",
    /// Model number, catalogue number or part number.
    ModelNumber = "model_number",
    /// Device class, a key of `knowledge/classes.csv`, e.g. `infusion_pump`.
    Class = "class",
    /// Serial number of the device.
    Serial = "serial",
    /// Unique device identifier (21 CFR 801), as printed.
    Udi = "udi",
    /// Link address that a record states, whether or not it was ever seen.
    StatedMac = "stated_mac",
    /// Network address that a record states, whether or not it was ever seen.
    StatedIp = "stated_ip",
    /// The hospital's own key in its inventory.
    AssetTag = "asset_tag",
    /// What the device does on the network, e.g. `dicom_storage_scp`, `dhcp_server`, `router`.
    Role = "role",
    /// Software or firmware version of the device as a whole.
    SoftwareVersion = "software_version",
    /// A named piece of software, as `name@version` (version may be empty).
    Software = "software",
    /// Operating system, with its version where known, e.g. `Windows 7 SP1`.
    Os = "os",
    /// Hardware revision.
    HardwareVersion = "hardware_version",
    /// Vendor of the network interface, from the IEEE registry.
    InterfaceMaker = "interface_maker",

    /// What speaks against taking it for one device, or for another, as a question to a person.
    IdentityQuestion = "identity_question",

    // Names.
    /// Host name, without a domain.
    Hostname = "hostname",
    /// DNS or Active Directory domain.
    Domain = "domain",
    /// A name that people gave the device: BACnet object name, UPnP friendly name, sysName.
    DeviceName = "device_name",
    /// Where the device says it is: sysLocation, BACnet location.
    StatedLocation = "stated_location",

    // Records from the hospital's own files.
    /// What the inventory calls this kind of device, in its own words.
    Description = "description",
    /// Where the inventory says the device is.
    Location = "location",
    /// Department that uses the device.
    Department = "department",
    /// Person or team answerable for the device.
    Owner = "owner",
    /// Day the device was bought.
    PurchaseDate = "purchase_date",
    /// What it cost, as written in the record.
    Cost = "cost",
    /// Purchase order number.
    PurchaseOrder = "purchase_order",
    /// Status in the inventory: in use, in storage, retired.
    Status = "status",
    /// Criticality in the inventory, as written in the record.
    Criticality = "criticality",
    /// Network zone that the inventory puts the device in.
    Zone = "zone",

    // DICOM (PS3.7, PS3.8, PS3.3).
    /// Application entity title that the device uses for itself.
    AeTitle = "ae_title",
    /// (0002,0012) or user information item 52H.
    ImplementationClassUid = "implementation_class_uid",
    /// (0002,0013) or user information item 55H.
    ImplementationVersionName = "implementation_version_name",
    /// An abstract syntax the device proposed or accepted.
    SopClass = "sop_class",
    /// DICOM modality (0008,0060), e.g. `CT`, or the one its SOP classes imply.
    Modality = "modality",
    /// (0008,1010).
    StationName = "station_name",
    /// (0008,1040), institutional department.
    InstitutionalDepartment = "institutional_department",

    // HL7 v2 (chapter 2, MSH).
    /// MSH-3 or MSH-5.
    Hl7Application = "hl7_application",
    /// MSH-4 or MSH-6.
    Hl7Facility = "hl7_facility",
    /// MSH-9 that the device sends.
    Hl7MessageType = "hl7_message_type",
    /// MSH-12.
    Hl7Version = "hl7_version",

    // HTTP, TLS, SSH, FTP, Telnet.
    /// `Server` header.
    HttpServer = "http_server",
    /// `User-Agent` header.
    HttpUserAgent = "http_user_agent",
    /// `Host` header that clients used for this server.
    HttpHost = "http_host",
    /// Authentication scheme seen or offered, e.g. `Basic`. Never the credential.
    HttpAuthentication = "http_authentication",
    /// Title of a page that the device serves.
    HttpTitle = "http_title",
    /// Realm of a `WWW-Authenticate` challenge.
    HttpRealm = "http_realm",
    /// Server name that a client asked for.
    TlsServerName = "tls_server_name",
    /// Protocol version the server chose, or the highest a client offered.
    TlsVersion = "tls_version",
    /// Subject of the certificate the server showed.
    TlsSubject = "tls_subject",
    /// Issuer of that certificate.
    TlsIssuer = "tls_issuer",
    /// A DNS or IP name in that certificate.
    TlsAlternativeName = "tls_alternative_name",
    /// Start of validity of that certificate, RFC 3339.
    TlsNotBefore = "tls_not_before",
    /// End of validity of that certificate, RFC 3339.
    TlsNotAfter = "tls_not_after",
    /// `yes` where that certificate names itself as its issuer.
    TlsSelfSigned = "tls_self_signed",
    /// JA4 client fingerprint.
    Ja4 = "ja4",
    /// SSH identification string.
    SshBanner = "ssh_banner",
    /// HASSH of a client, or of a server (the source's field says which).
    Hassh = "hassh",
    /// FTP greeting.
    FtpBanner = "ftp_banner",
    /// Telnet text before a login prompt.
    TelnetBanner = "telnet_banner",
    /// A login was seen over this protocol in clear text. Never the name or the password.
    ClearTextLogin = "clear_text_login",

    // SNMP (RFC 3418, RFC 3411).
    /// 1.3.6.1.2.1.1.1.0.
    SnmpSysDescr = "snmp_sys_descr",
    /// 1.3.6.1.2.1.1.2.0.
    SnmpSysObjectId = "snmp_sys_object_id",
    /// SNMP version in use: `v1`, `v2c`, `v3`.
    SnmpVersion = "snmp_version",
    /// A community was used: `default` when it is `public` or `private`, else `other`.
    SnmpCommunity = "snmp_community",
    /// Authoritative engine identifier, hexadecimal.
    SnmpEngineId = "snmp_engine_id",

    // Windows and remote access.
    /// Dialects and signing that an SMB server chose.
    SmbDialect = "smb_dialect",
    /// `NativeOS` of SMB1 or the version in an NTLM challenge.
    SmbOs = "smb_os",
    /// RDP security protocol chosen, e.g. `standard RDP`, `TLS`, `CredSSP`.
    RdpSecurity = "rdp_security",
    /// RFB protocol version or security type.
    Vnc = "vnc",
    /// A remote-access product in use, e.g. `TeamViewer`.
    RemoteAccessTool = "remote_access_tool",

    // Discovery and building systems.
    /// UPnP `SERVER` header.
    SsdpServer = "ssdp_server",
    /// UPnP device or service type.
    UpnpType = "upnp_type",
    /// WS-Discovery or DPWS type, e.g. `sdc:MedicalDevice`.
    WsdType = "wsd_type",
    /// WS-Addressing endpoint reference.
    EndpointReference = "endpoint_reference",
    /// mDNS or DNS-SD service offered, e.g. `_ipp._tcp`.
    DnsService = "dns_service",
    /// BACnet device instance number.
    BacnetInstance = "bacnet_instance",
    /// BACnet vendor identifier (ASHRAE 135), a number.
    BacnetVendorId = "bacnet_vendor_id",
    /// Modbus unit identifier answered.
    ModbusUnit = "modbus_unit",
    /// DHCP option 60.
    DhcpVendorClass = "dhcp_vendor_class",
    /// DHCP option 55 in wire order, comma separated.
    DhcpFingerprint = "dhcp_fingerprint",
    /// Switch and port that the device is connected to.
    SwitchPort = "switch_port",
    /// Capabilities announced by LLDP or CDP.
    LinkCapability = "link_capability",
    /// Management address announced by LLDP or CDP.
    ManagementAddress = "management_address",
    /// System description announced by LLDP, software version text announced by CDP.
    SystemDescription = "system_description",
    /// Distance of an NTP server from its reference clock, 1 to 15.
    NtpStratum = "ntp_stratum",
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        let names: std::collections::BTreeSet<_> =
            Attribute::ALL.iter().map(|attribute| attribute.name()).collect();
        assert_eq!(names.len(), Attribute::ALL.len());
        for attribute in Attribute::ALL {
            assert_eq!(attribute.name().parse(), Ok(*attribute));
        }
    }
}
