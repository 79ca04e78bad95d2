//! What a profile sends in place of what its core asked for.

use close_notify_core::send;

use crate::pair::Pair;
use crate::pair::mutant::Mutant;
use crate::world::action::Side;
use crate::world::profile::Profile;
use crate::world::wire::Unit;
use crate::world::{End, World};

impl Profile {
    const fn words_for_notify(self) -> &'static [Unit] {
        use Unit as U;
        match self {
            Self::Conforming
            | Self::ResetOnClose
            | Self::AnswersAndResets
            | Self::NotifyAfterFatal
            | Self::NeverAnswers
            | Self::Drips => &[U::Notify],
            Self::QuietShutdown | Self::FinWithoutNotify => &[],
            Self::CanceledThenNotify => &[U::UserCanceled, U::Notify],
            Self::CanceledThenFin => &[U::UserCanceled],
            Self::DataAfterNotify => &[U::Notify, U::Data],
            Self::FatalAfterNotify => &[U::Notify, U::Fatal],
            Self::NotifyAtFatalLevel => &[U::FatalNotify],
            Self::ErrorAtWarningLevel => &[U::ErrorAtWarning],
            Self::UnknownAlert => &[U::UnknownAlert],
            Self::WarningFlood => &[U::Warning, U::Warning, U::Notify],
            Self::OneWarning => &[U::Warning, U::Notify],
            Self::SplitNotify => &[U::NotifyHead, U::NotifyTail],
            Self::HalfNotify => &[U::NotifyHead],
            Self::JoinedNotify => &[U::WarningAndNotify],
        }
    }

    const fn words_for_alert(self) -> &'static [Unit] {
        match self {
            Self::NotifyAfterFatal => &[Unit::Fatal, Unit::Notify],
            _ => &[Unit::Fatal],
        }
    }
}

impl Pair {
    pub(crate) fn words_for_notify(&self, side: Side) -> Vec<Unit> {
        let profile = self.config.script(side).profile;
        match (profile, self.mutant) {
            (Profile::Conforming, Some(Mutant::SkipsNotify)) => vec![],
            (Profile::Conforming, Some(Mutant::ClientSkipsNotify)) if side == Side::Client => vec![],
            (Profile::Conforming, Some(Mutant::ServerSkipsNotify)) if side == Side::Server => vec![],
            (Profile::Conforming, Some(Mutant::NotifiesTwice)) => vec![Unit::Notify, Unit::Notify],
            (Profile::Conforming, Some(Mutant::NotifiesAtFatalLevel)) => vec![Unit::FatalNotify],
            _ => profile.words_for_notify().to_vec(),
        }
    }

    pub(crate) fn words_for_alert(&self, side: Side) -> Vec<Unit> {
        let profile = self.config.script(side).profile;
        match (profile, self.mutant) {
            (Profile::Conforming, Some(Mutant::NotifiesAfterFatal)) => vec![Unit::Fatal, Unit::Notify],
            _ => profile.words_for_alert().to_vec(),
        }
    }

    pub(crate) fn output_is_unsealed(&self, end: &End) -> bool {
        matches!(end.machine.send_state(), send::State::NotifyDue)
    }

    /// Sends the reset of the profiles that follow their close_notify with one.
    pub(crate) fn reset_after_notify(&self, world: &mut World, side: Side) {
        let profile = self.config.script(side).profile;
        if matches!(profile, Profile::ResetOnClose | Profile::AnswersAndResets) {
            world.net.reset(side.index());
            world.net.sockets[side.index()].closed = true;
            self.tell(world, side, close_notify_core::Event::TransportResetByUs);
        }
    }
}
