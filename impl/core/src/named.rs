//! The macro that gives the enums of this crate a list of their values, and their names.

/// Defines a field-less enum with `ALL` (every value, in order) and `name` (as printed in tables).
macro_rules! named {
    ($(#[$meta:meta])* pub enum $Name:ident { $($(#[$variant_meta:meta])* $Variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
        #[repr(u8)]
        pub enum $Name { $($(#[$variant_meta])* $Variant),+ }

        impl $Name {
            /// Every value, in the order of the definition.
            pub const ALL: &'static [$Name] = &[$($Name::$Variant),+];

            /// The name, as tables and errors print it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($Name::$Variant => stringify!($Variant)),+ }
            }
        }

        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
pub(crate) use named;
