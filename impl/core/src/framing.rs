//! Where the application protocol stands in its own messages: what it says about its own ends.

use crate::named::named;

named! {
    /// Where the framing stands when the connection ends.
    pub enum FramingState {
        /// The last message is whole by its own length.
        BetweenMessages,
        /// A message has begun and is not whole by its own length.
        InsideMessage,
        /// Only the end of the connection says where the message ends.
        DelimitedByEnd,
    }
}
