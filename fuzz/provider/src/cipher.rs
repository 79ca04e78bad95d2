//! The record protection: the payload stays readable, and a tag shows under which key, at which
//! place and as what type it was sealed.
//!
//! Lengths are those of AES-128-GCM: a tag of 16 bytes, in TLS 1.2 an explicit nonce of 8 bytes, in
//! TLS 1.3 the type after the payload.

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls12AeadAlgorithm,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use crate::hash::State;
use crate::keys;

/// The content type of change_cipher_spec records, as in the first byte of a record.
pub const CHANGE_CIPHER_SPEC: u8 = 20;
/// The content type of alerts.
pub const ALERT: u8 = 21;
/// The content type of the handshake.
pub const HANDSHAKE: u8 = 22;
/// The content type of application data, and of every sealed record of TLS 1.3.
pub const APPLICATION_DATA: u8 = 23;

pub(crate) const TAG: usize = 16;
pub(crate) const NONCE: usize = 8;
const KEY: usize = 16;
const FIXED_IV: usize = 4;
const LONGEST: usize = 1 << 14;

/// The key of one direction: rustls's key and IV together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sealing {
    key: u64,
    pub(crate) is_13: bool,
}

impl Sealing {
    fn new(key: &[u8], iv: &[u8], is_13: bool) -> Self {
        let [key] = State::new().with(key).with(iv).words();
        Self { key, is_13 }
    }

    pub(crate) fn tag<'a>(
        &self,
        seq: u64,
        content: u8,
        payload: impl Iterator<Item = &'a [u8]>,
    ) -> [u8; TAG] {
        let mut state = State::new();
        state.update(&self.key.to_le_bytes());
        state.update(&seq.to_le_bytes());
        state.update(&[content; 8]);
        payload.for_each(|part| state.update(part));
        let mut tag = [0; TAG];
        for (place, word) in tag.as_chunks_mut::<8>().0.iter_mut().zip(state.words::<2>()) {
            *place = word.to_le_bytes();
        }
        tag
    }

    fn length(&self, payload: usize) -> usize {
        payload + TAG + if self.is_13 { 1 } else { NONCE }
    }
}

pub(crate) struct Readable;

impl Tls13AeadAlgorithm for Readable {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        let sealing = Sealing::new(key.as_ref(), iv.as_ref(), true);
        keys::note(sealing);
        Box::new(sealing)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Sealing::new(key.as_ref(), iv.as_ref(), true))
    }

    fn key_len(&self) -> usize {
        KEY
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(ConnectionTrafficSecrets::Aes128Gcm { key, iv })
    }
}

impl Tls12AeadAlgorithm for Readable {
    fn encrypter(&self, key: AeadKey, iv: &[u8], _extra: &[u8]) -> Box<dyn MessageEncrypter> {
        let sealing = Sealing::new(key.as_ref(), iv, false);
        keys::note(sealing);
        Box::new(sealing)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Sealing::new(key.as_ref(), iv, false))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: KEY, fixed_iv_len: FIXED_IV, explicit_nonce_len: NONCE }
    }

    fn extract_keys(
        &self,
        _key: AeadKey,
        _iv: &[u8],
        _explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

impl MessageEncrypter for Sealing {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let content = u8::from(message.typ);
        let mut payload = PrefixedPayload::with_capacity(self.length(message.payload.len()));
        let at = if self.is_13 { 0 } else { NONCE };
        if !self.is_13 {
            payload.extend_from_slice(&seq.to_be_bytes());
        }
        payload.extend_from_chunks(&message.payload);
        let tag = self.tag(seq, content, std::iter::once(&payload.as_ref()[at..]));
        let (typ, version) = if self.is_13 {
            payload.extend_from_slice(&[content]);
            (ContentType::ApplicationData, ProtocolVersion::TLSv1_2)
        } else {
            (message.typ, message.version)
        };
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(typ, version, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.length(payload_len)
    }
}

impl MessageDecrypter for Sealing {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let (content, range) =
            self.verified(u8::from(message.typ), seq, &message.payload).ok_or(Error::DecryptError)?;
        if self.is_13 {
            message.payload.truncate(range.end + 1);
            return message.into_tls13_unpadded_message();
        }
        debug_assert_eq!(content, u8::from(message.typ), "TLS 1.2 says the type in the header");
        if range.len() > LONGEST {
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(message.into_plain_message_range(range))
    }
}

impl Sealing {
    /// The type of a sealed record that is valid at this place, and the range of its payload in the
    /// body.
    pub(crate) fn verified(&self, outer: u8, seq: u64, body: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
        let (from, suffix) = if self.is_13 { (0, TAG + 1) } else { (NONCE, TAG) };
        let end = body.len().checked_sub(suffix).filter(|&end| end >= from)?;
        let content = if self.is_13 { body[end] } else { outer };
        let tag = self.tag(seq, content, std::iter::once(&body[from..end]));
        (body[body.len() - TAG..] == tag).then_some((content, from..end))
    }
}
