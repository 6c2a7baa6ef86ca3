//! Spans of time that callers give in whole minutes.

use serde_json::Value;

/// Declares a number of whole minutes within bounds.
macro_rules! minutes_type {
    ($(#[$doc:meta])* $name:ident, $min:literal..=$max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// The least.
            pub const MIN: Self = Self($min);
            /// The most.
            pub const MAX: Self = Self($max);

            /// As a span of time.
            pub const fn duration(self) -> std::time::Duration {
                std::time::Duration::from_secs(self.0 as u64 * 60)
            }
        }

        impl $crate::domain::field::Field for $name {
            fn read(label: &str, value: &serde_json::Value) -> Result<Self, String> {
                $crate::domain::minutes::whole(label, value, $min, $max).map(Self)
            }
        }

        $crate::inline_schema!($name, { "type": "integer", "minimum": $min, "maximum": $max });
    };
}

minutes_type! {
    /// How long before its task's due date a reminder is, up to 28 days.
    OffsetMinutes, 0..=40_320
}
minutes_type! {
    /// How long before its time a reminder goes out, up to 7 days.
    LeadMinutes, 0..=10_080
}
minutes_type! {
    /// How long a reminder is put off, up to 28 days.
    SnoozeMinutes, 1..=40_320
}

impl LeadMinutes {
    /// An hour, as long as the original has.
    pub const DEFAULT: Self = Self(60);
    /// None: the reminder goes out at its time.
    pub const NONE: Self = Self(0);
}

impl Default for LeadMinutes {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Reads a whole number within bounds. JSON has one kind of number, so that `60.0` is whole.
pub(super) fn whole(label: &str, value: &Value, min: u32, max: u32) -> Result<u32, String> {
    let number = value.as_f64().ok_or_else(|| format!("{label} must be a number"))?;
    if number.fract() != 0.0 {
        return Err(format!("{label} must be a whole number"));
    }
    if number < f64::from(min) || number > f64::from(max) {
        return Err(format!("{label} must be between {min} and {max}"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within bounds")]
    Ok(number as u32)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::field::Field;

    #[test]
    fn minutes_are_whole_numbers_within_their_bounds() {
        let offset = |value: Value| OffsetMinutes::read("Offset minutes", &value).map(OffsetMinutes::duration);
        for good in [json!(0), json!(40_320), json!(60.0), json!(1e2)] {
            assert!(offset(good.clone()).is_ok(), "{good}");
        }
        for bad in [json!(-1), json!(40_321), json!(1e300), json!(0.5), json!("60"), json!(true), json!({"$gt": 0})] {
            assert!(offset(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(offset(json!(40_321)).unwrap_err(), "Offset minutes must be between 0 and 40320");
        assert!(
            LeadMinutes::read("Lead", &json!(10_080)).is_ok() && LeadMinutes::read("Lead", &json!(10_081)).is_err()
        );
        assert!(
            SnoozeMinutes::read("Minutes", &json!(1)).is_ok() && SnoozeMinutes::read("Minutes", &json!(0)).is_err()
        );
    }
}
