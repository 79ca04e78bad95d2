//! The set-up of a run: role, version, policy, adapter, and how the transport moves bytes.

use close_notify::{
    CoalescedAlerts, FatalNotify, FragmentedAlert, LateData, MissingNotify, PeerCloses, Policy, Reply,
    ResumptionRule, Role, UserCanceled, Version,
};

use crate::choices::Choices;
use crate::lab::{ROLES, VERSIONS};

/// The most bytes that one read returns.
const CHUNKS: [usize; 4] = [usize::MAX, 1, 7, 100];
/// How many bytes the transport accepts at the start.
const ROOMS: [usize; 4] = [usize::MAX, 0, 40, 4096];
const WARNINGS: [u8; 4] = [4, 0, 1, 255];
const BUDGETS: [u32; 4] = [256 * 1024, 0, 100, 20_000];

/// The adapter that faces the adversary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Adapter {
    /// Step by step, according to its contract.
    Session,
    /// The blocking stream over a transport that never blocks.
    Stream,
}

/// The decoded set-up bytes of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) version: Version,
    pub(crate) role: Role,
    pub(crate) policy: Policy,
    pub(crate) adapter: Adapter,
    pub(crate) chunk: usize,
    pub(crate) room: usize,
}

impl Setup {
    pub(crate) fn read(choices: &mut Choices<'_>) -> Self {
        let (first, second, third, fourth) = (choices.byte(), choices.byte(), choices.byte(), choices.byte());
        let bit = |at: u8| usize::from(first >> at & 1);
        let two = |byte: u8, at: u8| usize::from(byte >> at & 3);
        Self {
            version: VERSIONS[bit(0)],
            role: ROLES[bit(1)],
            adapter: [Adapter::Session, Adapter::Stream][bit(2)],
            chunk: CHUNKS[two(first, 3)],
            room: ROOMS[two(first, 5)],
            policy: policy(second, third, fourth),
        }
    }
}

/// Zero bytes are [`Policy::STRICT`].
fn policy(threes: u8, twos: u8, numbers: u8) -> Policy {
    let three = |by: u8| usize::from(threes / by % 3);
    let two = |at: u8| usize::from(twos >> at & 1);
    let number = |at: u8| usize::from(numbers >> at & 3);
    Policy {
        missing_notify: MissingNotify::ALL[three(1)],
        late_data: LateData::ALL[three(3)],
        reply: Reply::ALL[three(9)],
        fatal_notify: FatalNotify::ALL[two(0)],
        resumption: ResumptionRule::ALL[two(1)],
        peer_closes: PeerCloses::ALL[two(2)],
        fragmented_alert: FragmentedAlert::ALL[two(3)],
        coalesced_alerts: CoalescedAlerts::ALL[two(4)],
        user_canceled: UserCanceled::ALL[two(5)],
        warnings: WARNINGS[number(0)],
        drain_budget: BUDGETS[number(2)],
        keep_budget: u32::MAX,
    }
}
