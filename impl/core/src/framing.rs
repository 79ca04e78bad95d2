//! The position of the application protocol within its messages, when the connection ends.

use crate::named::named;

named! {
    /// Whether a message of the application protocol is open when the connection ends.
    ///
    /// ```
    /// # use close_notify_core::{Event, FramingState, Machine, Policy, Role, Version};
    /// let mut machine = Machine::established(Version::Tls13, Role::Client, Policy::STRICT);
    /// machine.handle(Event::TransportEof { inside_record: false })?;
    /// let ending = machine.ending();
    /// assert!(ending.truncation_possible(FramingState::InsideMessage));
    /// assert!(!ending.truncation_possible(FramingState::BetweenMessages));
    /// # Ok::<(), close_notify_core::Illegal>(())
    /// ```
    pub enum FramingState {
        /// The last message is complete by its own length.
        BetweenMessages,
        /// A message has begun and is not complete by its own length.
        InsideMessage,
        /// Only the end of the connection delimits the message.
        DelimitedByEnd,
    }
}
