//! The rate limiter's counters: one row per client address or account, one number per class and window, one write per
//! request.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};

use super::error::failed;
use super::update::Expression;
use super::{Item, Store, StoreError, key_item, keys, number};

/// How many windows back counts are removed.
const FORGOTTEN: i64 = 8;

/// One class's counter in one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The class's name.
    pub class: &'static str,
    /// The window's number: epoch seconds divided by its length.
    pub window: i64,
    /// The count does not rise beyond this.
    pub cap: u32,
}

impl Slot {
    fn attribute(&self, back: i64) -> String {
        format!("{}:{}", self.class, self.window - back)
    }
}

/// A class's counts of this window, the present request included if it was counted, and of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCount {
    /// Requests in this window.
    pub current: u32,
    /// Requests in the previous window.
    pub previous: u32,
    /// Whether this request was counted: not when a class was at its cap.
    pub was_counted: bool,
}

impl Store {
    /// Counts a request in every slot, or in none when one is at its cap; the row is kept until `expires_at` (epoch
    /// seconds). 1 call. Answers in the slots' order.
    ///
    /// # Errors
    /// The table failed, or [`StoreError::Throttled`].
    pub async fn count_request(
        &self,
        client: &str,
        slots: &[Slot],
        expires_at: i64,
    ) -> Result<Vec<RequestCount>, StoreError> {
        let mut change = Expression::default();
        for slot in slots {
            let current = slot.attribute(0);
            change.add(&current, 1).require_below(&current, number(slot.cap));
            // A client that comes now and then leaves a count behind each time, until the row expires.
            for back in 2..=FORGOTTEN {
                change.remove(&slot.attribute(back));
            }
        }
        change.set(keys::EXPIRES_AT, number(expires_at));
        let sent = self
            .update_rates(client, &change)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let (item, counted) = match sent {
            Ok(output) => {
                self.meter().write(output.consumed_capacity.as_ref());
                (output.attributes.unwrap_or_default(), true)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    (refused.item.clone().unwrap_or_default(), false)
                }
                _ => return Err(failed("UpdateItem", &error)),
            },
        };
        Ok(slots
            .iter()
            .map(|slot| RequestCount {
                current: count(&item, &slot.attribute(0)),
                previous: count(&item, &slot.attribute(1)),
                was_counted: counted,
            })
            .collect())
    }

    /// Takes a request back out of these windows. 1 call.
    ///
    /// # Errors
    /// The table failed; the request then stays counted.
    pub async fn give_back(&self, client: &str, slots: &[&Slot]) -> Result<(), StoreError> {
        let mut change = Expression::default();
        for slot in slots {
            let current = slot.attribute(0);
            change.add(&current, -1).require_greater(&current, number(0));
        }
        let output = self.update_rates(client, &change).send().await.map_err(|error| failed("UpdateItem", &error))?;
        self.meter().write(output.consumed_capacity.as_ref());
        Ok(())
    }

    /// Forgets the counts of a slot's window and of the one before. 1 call.
    ///
    /// # Errors
    /// The table failed.
    pub async fn forget_count(&self, client: &str, slot: &Slot) -> Result<(), StoreError> {
        let mut change = Expression::default();
        change.remove(&slot.attribute(0)).remove(&slot.attribute(1)).require_row();
        match self.update_rates(client, &change).send().await {
            Ok(output) => self.meter().write(output.consumed_capacity.as_ref()),
            // Nothing was counted.
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) => {}
            Err(error) => return Err(failed("UpdateItem", &error)),
        }
        Ok(())
    }

    fn update_rates(
        &self,
        client: &str,
        change: &Expression,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client()
            .update_item()
            .table_name(self.table())
            .set_key(Some(key_item(keys::rate_windows(client))))
            .set_update_expression(change.update_text())
            .set_condition_expression(change.condition_text())
            .set_expression_attribute_names(change.names_map())
            .set_expression_attribute_values(change.values_map())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}

fn count(item: &Item, attribute: &str) -> u32 {
    let value: Option<&AttributeValue> = HashMap::get(item, attribute);
    value.and_then(|value| value.as_n().ok()).and_then(|count| count.parse().ok()).unwrap_or_default()
}
