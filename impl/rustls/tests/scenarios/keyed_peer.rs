//! A peer that has the keys and can misbehave: real rustls does the handshake, and from then on
//! records are sealed and opened here. So it can send what no TLS stack would, and read everything
//! that was sent to it.
//!
//! Decides nothing about closing. Only AES-128-GCM is used; [`provider`] ensures that.
//! Sources: RFC 9846 §5.2–5.3, §7.1–7.3; RFC 5246 §6.2.3.3, RFC 5288 §3.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;

use close_notify::{Role, Transport, Version};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use rustls::crypto::{CryptoProvider, ring as rustls_ring};
use rustls::{Connection, ConnectionTrafficSecrets, KeyLog};

pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const DATA: u8 = 23;
pub(crate) const CLOSE_NOTIFY: [u8; 2] = [1, 0];
/// A close_notify that nobody has sealed.
pub(crate) const PLAIN_CLOSE_NOTIFY: [u8; 7] = [ALERT, 3, 3, 0, 2, 1, 0];
const KEY_UPDATE: u8 = 24;

/// One cipher suite for each version, so that one AEAD is enough.
pub(crate) fn provider() -> CryptoProvider {
    use rustls_ring::cipher_suite::{TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256};
    CryptoProvider {
        cipher_suites: vec![TLS13_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
        ..rustls_ring::default_provider()
    }
}

/// The secrets of one connection, by the labels of the key log.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<HashMap<String, Vec<u8>>>);

impl Log {
    pub(crate) fn secret(&self, label: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(label).cloned()
    }

    /// The keys that a TLS 1.3 secret gives.
    pub(crate) fn keys(&self, label: &str) -> Keys {
        Keys::from_secret(self.secret(label).unwrap_or_else(|| panic!("{label} is known by now")))
    }
}

impl KeyLog for Log {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        self.0.lock().unwrap().insert(label.to_owned(), secret.to_vec());
    }
}

/// One record, opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) content: u8,
    pub(crate) payload: Vec<u8>,
}

/// The keys of one direction.
pub(crate) struct Keys {
    version: Version,
    key: LessSafeKey,
    iv: [u8; 12],
    seq: u64,
    secret: Option<Vec<u8>>,
}

impl Keys {
    fn extracted(
        version: Version,
        (seq, keys): (u64, ConnectionTrafficSecrets),
        secret: Option<Vec<u8>>,
    ) -> Self {
        let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = keys else {
            panic!("AES-128-GCM alone is offered")
        };
        let iv = iv.as_ref().try_into().unwrap();
        Self { version, key: aes(key.as_ref()), iv, seq, secret }
    }

    // RFC 9846 §7.3
    fn from_secret(secret: Vec<u8>) -> Self {
        let iv = expand(&secret, "iv", 12).try_into().unwrap();
        Self {
            version: Version::Tls13,
            key: aes(&expand(&secret, "key", 16)),
            iv,
            seq: 0,
            secret: Some(secret),
        }
    }

    // RFC 9846 §7.2
    pub(crate) fn update(&mut self) {
        let secret = self.secret.as_ref().expect("keys of TLS 1.3 have their secret");
        *self = Self::from_secret(expand(secret, "traffic upd", 32));
    }

    /// Skips records that others sealed or opened before.
    pub(crate) fn skip(mut self, records: u64) -> Self {
        self.seq += records;
        self
    }

    pub(crate) fn seal(&mut self, content: u8, payload: &[u8]) -> Vec<u8> {
        let seq = self.seq;
        self.seq += 1;
        let mut body = payload.to_vec();
        if self.version == Version::Tls13 {
            body.push(content);
            let header = header(DATA, body.len() + AES_128_GCM.tag_len());
            self.key.seal_in_place_append_tag(self.nonce(seq), Aad::from(header), &mut body).unwrap();
            return [&header[..], &body].concat();
        }
        let explicit = seq.to_be_bytes();
        let aad = aad_12(seq, content, body.len());
        self.key.seal_in_place_append_tag(self.explicit_nonce(explicit), Aad::from(aad), &mut body).unwrap();
        [&header(content, explicit.len() + body.len())[..], &explicit, &body].concat()
    }

    /// Opens one record, with its header. A record that does not open is a bug in what sealed it.
    pub(crate) fn open(&mut self, record: &[u8]) -> Record {
        let seq = self.seq;
        self.seq += 1;
        let (header, body) = record.split_first_chunk::<5>().unwrap();
        if self.version == Version::Tls13 {
            let mut body = body.to_vec();
            let opened = self.key.open_in_place(self.nonce(seq), Aad::from(header), &mut body);
            let inner =
                opened.unwrap_or_else(|_| panic!("record {seq} was sealed with other keys: {record:?}"));
            let end = inner.iter().rposition(|&byte| byte != 0).expect("a content type ends it");
            return Record { content: inner[end], payload: inner[..end].to_vec() };
        }
        let (explicit, body) = body.split_first_chunk::<8>().unwrap();
        let (mut body, aad) = (body.to_vec(), aad_12(seq, header[0], body.len() - AES_128_GCM.tag_len()));
        let opened = self.key.open_in_place(self.explicit_nonce(*explicit), Aad::from(aad), &mut body);
        let payload =
            opened.unwrap_or_else(|_| panic!("record {seq} was sealed with other keys: {record:?}"));
        Record { content: header[0], payload: payload.to_vec() }
    }

    fn nonce(&self, seq: u64) -> Nonce {
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(seq.to_be_bytes()).for_each(|(byte, of_seq)| *byte ^= of_seq);
        Nonce::assume_unique_for_key(nonce)
    }

    fn explicit_nonce(&self, explicit: [u8; 8]) -> Nonce {
        let mut nonce = self.iv;
        nonce[4..].copy_from_slice(&explicit);
        Nonce::assume_unique_for_key(nonce)
    }
}

fn aes(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).unwrap())
}

fn header(content: u8, length: usize) -> [u8; 5] {
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    [content, 3, 3, high, low]
}

fn aad_12(seq: u64, content: u8, length: usize) -> [u8; 13] {
    let mut aad = [0; 13];
    aad[..8].copy_from_slice(&seq.to_be_bytes());
    aad[8..].copy_from_slice(&header(content, length));
    aad
}

// RFC 9846 §7.1: HKDF-Expand-Label without context
fn expand(secret: &[u8], label: &str, length: usize) -> Vec<u8> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = [b"tls13 ", label.as_bytes()].concat();
    let lengths = [0, u8::try_from(length).unwrap(), u8::try_from(label.len()).unwrap()];
    let mut out = vec![0; length];
    let prk = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, secret);
    prk.expand(&[&lengths, &label, &[0]], Length(length)).unwrap().fill(&mut out).unwrap();
    out
}

/// How the peer saw the transport end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Fin,
    FinInRecord,
    Reset,
}

/// Everything that was sent to the peer, until the transport ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Flight {
    pub(crate) records: Vec<Record>,
    pub(crate) end: End,
}

impl Flight {
    pub(crate) fn data(&self) -> Vec<u8> {
        let data = self.records.iter().filter(|record| record.content == DATA);
        data.flat_map(|record| record.payload.clone()).collect()
    }

    pub(crate) fn alerts(&self) -> Vec<Vec<u8>> {
        let alerts = self.records.iter().filter(|record| record.content == ALERT);
        alerts.map(|record| record.payload.clone()).collect()
    }

    /// Checks that the flight ends with this alert, the only one, and then a FIN.
    pub(crate) fn ends_with(&self, alert: [u8; 2]) {
        assert_eq!(self.alerts(), [alert], "one alert");
        assert_eq!(self.records.last().unwrap().content, ALERT, "nothing follows the alert");
        assert_eq!(self.end, End::Fin);
    }
}

/// The two directions of a peer whose handshake is done.
pub(crate) struct Directions {
    pub(crate) send: Keys,
    pub(crate) recv: Keys,
}

impl Directions {
    /// Call it once rustls has nothing left to send, and has read nothing after the handshake.
    pub(crate) fn of(connection: Connection, log: &Log) -> Self {
        let role = if matches!(connection, Connection::Client(_)) { Role::Client } else { Role::Server };
        let is_13 = connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        let version = if is_13 { Version::Tls13 } else { Version::Tls12 };
        let (client, server) = (log.secret("CLIENT_TRAFFIC_SECRET_0"), log.secret("SERVER_TRAFFIC_SECRET_0"));
        let (ours, theirs) = if role == Role::Client { (client, server) } else { (server, client) };
        let extracted = connection.dangerous_extract_secrets().unwrap();
        Self {
            send: Keys::extracted(version, extracted.tx, ours),
            recv: Keys::extracted(version, extracted.rx, theirs),
        }
    }

    pub(crate) fn close_notify(&mut self) -> Vec<u8> {
        self.send.seal(ALERT, &CLOSE_NOTIFY)
    }

    pub(crate) fn open(&mut self, record: &[u8]) -> Record {
        let record = self.recv.open(record);
        if record.content == HANDSHAKE && record.payload[0] == KEY_UPDATE {
            self.recv.update();
        }
        record
    }

    /// The records in these bytes, which must end with a whole one.
    #[allow(dead_code, reason = "the sweeps hear a whole flight at once")]
    pub(crate) fn open_all(&mut self, mut bytes: &[u8]) -> Vec<Record> {
        let mut records = Vec::new();
        while let Ok(record) = read_record(&mut bytes) {
            records.push(self.open(&record));
        }
        records
    }
}

/// A peer over a socket.
pub(crate) struct Peer {
    pub(crate) socket: TcpStream,
    pub(crate) keys: Directions,
}

impl Peer {
    /// Does the handshake.
    pub(crate) fn shake(mut connection: Connection, log: &Log, mut socket: TcpStream) -> Self {
        shake(&mut connection, &mut socket).unwrap();
        Self { socket, keys: Directions::of(connection, log) }
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    pub(crate) fn say_record(&mut self, content: u8, payload: &[u8]) {
        let record = self.keys.send.seal(content, payload);
        self.say(&record);
    }

    pub(crate) fn say_alert(&mut self, level: u8, description: u8) {
        self.say_record(ALERT, &[level, description]);
    }

    pub(crate) fn say_close_notify(&mut self) {
        self.say_alert(1, 0);
    }

    pub(crate) fn say_data(&mut self, data: &[u8]) {
        self.say_record(DATA, data);
    }

    /// Sends a KeyUpdate that asks for one, and uses the new keys.
    pub(crate) fn say_key_update(&mut self) {
        self.say_record(HANDSHAKE, &[KEY_UPDATE, 0, 0, 1, 1]);
        self.keys.send.update();
    }

    /// Sends a FIN. Does nothing if the other side has reset the connection by now: it may, once it
    /// has refused what came.
    pub(crate) fn fin(&self) {
        match self.socket.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            shut => shut.unwrap(),
        }
    }

    pub(crate) fn reset(mut self) {
        Transport::reset(&mut self.socket).unwrap();
    }

    /// The next record, or how the transport ended.
    pub(crate) fn hear(&mut self) -> Result<Record, End> {
        let record = read_record(&mut self.socket)?;
        Ok(self.keys.open(&record))
    }

    /// The records up to the first alert, including that alert.
    pub(crate) fn hear_alert(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        loop {
            let record = self.hear().expect("an alert comes before the end");
            let is_alert = record.content == ALERT;
            records.push(record);
            if is_alert {
                return records;
            }
        }
    }

    /// Everything until the transport ends.
    pub(crate) fn hear_all(&mut self) -> Flight {
        let mut records = Vec::new();
        loop {
            match self.hear() {
                Ok(record) => records.push(record),
                Err(end) => return Flight { records, end },
            }
        }
    }

    /// Answers a close_notify as a peer should, and ends. Returns everything that was received.
    pub(crate) fn answer(&mut self) -> Flight {
        let mut before = self.hear_alert();
        self.say_close_notify();
        self.fin();
        let mut flight = self.hear_all();
        before.append(&mut flight.records);
        Flight { records: before, ..flight }
    }
}

/// A rustls handshake that reads nothing after it: one record at a time.
pub(crate) fn shake(connection: &mut Connection, transport: &mut (impl Read + Write)) -> io::Result<()> {
    loop {
        while connection.wants_write() {
            connection.write_tls(transport)?;
        }
        if !connection.is_handshaking() {
            return Ok(());
        }
        let record = read_record(transport).map_err(|end| io::Error::other(format!("{end:?}")))?;
        feed(connection, &record)?;
    }
}

/// Gives a client its tickets, so that it knows a session that it may resume.
pub(crate) fn take_tickets(connection: &mut Connection, transport: &mut impl Read) {
    while matches!(connection, Connection::Client(client) if client.tls13_tickets_received() == 0) {
        let record = read_record(transport).unwrap();
        feed(connection, &record).unwrap();
    }
}

/// Gives rustls one record. Its answer waits in it.
pub(crate) fn feed(connection: &mut Connection, mut record: &[u8]) -> io::Result<()> {
    while !record.is_empty() {
        connection.read_tls(&mut record)?;
        connection.process_new_packets().map_err(io::Error::other)?;
    }
    Ok(())
}

/// One record, with its header.
pub(crate) fn read_record(source: &mut impl Read) -> Result<Vec<u8>, End> {
    let mut record = vec![0; 5];
    let mut count = 0;
    while count < record.len() {
        match source.read(&mut record[count..]) {
            Ok(0) if count == 0 => return Err(End::Fin),
            Ok(0) => return Err(End::FinInRecord),
            Ok(more) => count += more,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(End::Reset),
            Err(error) => panic!("nothing came for the peer to read: {error}"),
        }
        if count == 5 && record.len() == 5 {
            let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
            record.resize(5 + length, 0);
        }
    }
    Ok(record)
}
