//! A key exchange in the clear: each side sends eight bytes, and the secret is their sum.

use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

use crate::random;

#[derive(Debug)]
pub(crate) struct Sum;

impl SupportedKxGroup for Sum {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Number(random::next().to_le_bytes())))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Number([u8; 8]);

impl ActiveKeyExchange for Number {
    fn complete(self: Box<Self>, theirs: &[u8]) -> Result<SharedSecret, Error> {
        let theirs = theirs.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let sum = u64::from_le_bytes(self.0).wrapping_add(u64::from_le_bytes(theirs));
        Ok(SharedSecret::from(&sum.to_le_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.0
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
