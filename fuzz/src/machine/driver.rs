//! A driver: does what the machine asks, and checks that the requests end.

use close_notify_core::{Event, Manner, Output};

use super::Run;

/// The most outputs that can follow one another: discard, forget, deadline, last word, FIN, and the
/// release.
const STEPS: usize = 6;

impl Run {
    /// Does what is asked until the application or the peer must act, or nobody. Panics if an
    /// answer is refused, or changes nothing, which is a spin.
    pub(super) fn settle(&mut self) {
        for _ in 0..=STEPS {
            let output = self.machine.output();
            if !self.answer(output) {
                return;
            }
            if self.machine.output() == output {
                self.fail("an output is asked again after its answer");
            }
        }
        self.fail("no end of outputs");
    }

    /// Answers an output. Returns whether the driver could do so by itself.
    fn answer(&mut self, output: Output) -> bool {
        match output {
            Output::Idle | Output::AwaitPeer | Output::Drain | Output::Done => return false,
            Output::DiscardPending => self.take(Event::PendingDiscarded { bytes: 0 }),
            Output::SendCloseNotify { .. } | Output::SendAlert { .. } => {
                // What is already sealed, by the engine or before an interruption, is only written.
                if !self.account.is_sealed() {
                    self.take(Event::OutputSealed);
                }
                self.take(Event::OutputWritten);
            }
            Output::ShutWrite => self.take(Event::WriteShut),
            Output::ForgetSession => self.take(Event::SessionForgotten),
            Output::StartDeadline => self.take(Event::DeadlineStarted),
            Output::CloseTransport => self.take(Event::TransportClosed),
            Output::ResetTransport => self.take(Event::TransportResetByUs),
            Output::HandBack => self.take(Event::TransportHandedBack),
        }
        true
    }

    /// Checks that the close ends, at the latest when the deadline passes.
    // RFC 9112 §9.6 · linger-is-bounded, no-mutual-wait
    pub(super) fn ends(&mut self) {
        if !self.machine.manner().is_closing() {
            self.take(Event::Close(Manner::Linger));
        }
        self.settle();
        if self.machine.output().waits_for_peer() {
            self.take(Event::DeadlinePassed);
            self.settle();
        }
        if self.machine.output() != Output::Done {
            self.fail("the deadline passed, and the close has not ended");
        }
    }
}
