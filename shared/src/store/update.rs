//! Builds update and condition expressions without ever putting a value into their text.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::row::Row;
use super::{Item, keys};

/// Attributes that make sense only together: a row is in the index `due` when it has both.
const TOGETHER: [&str; 2] = [keys::DUE_SHARD, keys::DUE_AT];

/// The parts of an `UpdateItem`, or the condition of any write. Names and values become placeholders. One with a value that
/// cannot be serialized keeps the error until it is written.
#[derive(Clone, Debug, Default)]
pub struct Expression {
    names: Vec<String>,
    values: Vec<AttributeValue>,
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    deletes: Vec<String>,
    conditions: Vec<String>,
    error: Option<serde_dynamo::Error>,
}

impl Expression {
    /// The change that turns the row `before` into the row `after`: sets what differs, and removes what `after` does not have.
    /// Attributes that neither has stay as they are.
    pub(crate) fn between(before: &Row, after: &Row) -> Self {
        let mut change = Self::default();
        match before.attributes().and_then(|before| Ok((before, after.attributes()?))) {
            Ok((before, after)) => change.turn(before, after),
            Err(error) => change.error = Some(error),
        }
        change
    }

    fn turn(&mut self, before: &Item, after: &Item) {
        let names: BTreeSet<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
        let differs = |name: &str| before.get(name) != after.get(name);
        for name in names {
            let is_touched = differs(name) || (TOGETHER.contains(&name) && TOGETHER.into_iter().any(differs));
            match after.get(name) {
                _ if !is_touched => {}
                Some(value) => {
                    self.set(name, value.clone());
                }
                None => {
                    self.remove(name);
                }
            }
        }
    }

    /// Whether it sets or removes one of `names`.
    pub(crate) fn touches(&self, names: &[&str]) -> bool {
        let placeholders: Vec<String> = (self.names.iter().enumerate())
            .filter(|(_, name)| names.contains(&name.as_str()))
            .map(|(at, _)| format!("#{at}"))
            .collect();
        let is_one = |part: &str| placeholders.iter().any(|it| it == part);
        let set = self.sets.iter().any(|set| set.split_once(" = ").is_some_and(|(name, _)| is_one(name)));
        set || self.removes.iter().any(|name| is_one(name))
    }

    /// The expression, unless one of its values cannot be serialized.
    ///
    /// # Errors
    /// One cannot.
    pub(crate) fn checked(self) -> Result<Self, serde_dynamo::Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    fn attribute<T: Serialize>(&mut self, value: &T) -> AttributeValue {
        serde_dynamo::to_attribute_value(value).unwrap_or_else(|error| {
            self.error = Some(error);
            AttributeValue::Null(true)
        })
    }

    /// Sets `path` to `value`, serialized.
    pub fn set_value<T: Serialize>(&mut self, path: &str, value: &T) -> &mut Self {
        let value = self.attribute(value);
        self.set(path, value)
    }

    /// `path` must equal `value`, serialized.
    pub fn require_value<T: Serialize>(&mut self, path: &str, value: &T) -> &mut Self {
        let value = self.attribute(value);
        self.require_equal(path, value)
    }

    /// `path`'s placeholder; dots separate the steps into a map. Map keys with dots do not occur.
    pub fn name(&mut self, path: &str) -> String {
        let steps: Vec<String> = path.split('.').map(|step| self.step(step)).collect();
        steps.join(".")
    }

    fn step(&mut self, name: &str) -> String {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        format!("#{at}")
    }

    /// `value`'s placeholder.
    pub fn value(&mut self, value: AttributeValue) -> String {
        self.values.push(value);
        format!(":{}", self.values.len() - 1)
    }

    /// Sets `path` to `value`.
    pub fn set(&mut self, path: &str, value: AttributeValue) -> &mut Self {
        let (name, value) = (self.name(path), self.value(value));
        self.sets.push(format!("{name} = {value}"));
        self
    }

    /// Sets `path` to what `from` was before this update, plus one.
    pub fn set_successor(&mut self, path: &str, from: &str) -> &mut Self {
        let (name, from) = (self.name(path), self.name(from));
        let one = self.value(super::number(1));
        self.sets.push(format!("{name} = {from} + {one}"));
        self
    }

    /// Sets by an expression of this one's placeholders: see [`Self::name`], [`Self::value`].
    pub fn set_expression(&mut self, expression: String) -> &mut Self {
        self.sets.push(expression);
        self
    }

    /// Adds `amount` to the number at `path` inside a map that exists; it counts from zero.
    pub fn count(&mut self, path: &str, amount: i64) -> &mut Self {
        let (name, zero, amount) = (self.name(path), self.value(super::number(0)), self.value(super::number(amount)));
        self.set_expression(format!("{name} = if_not_exists({name}, {zero}) + {amount}"))
    }

    /// Removes `path`.
    pub fn remove(&mut self, path: &str) -> &mut Self {
        let name = self.name(path);
        self.removes.push(name);
        self
    }

    /// Adds `amount` to the top-level number `name`, which counts from zero.
    pub fn add(&mut self, name: &str, amount: i64) -> &mut Self {
        let (name, amount) = (self.name(name), self.value(super::number(amount)));
        self.adds.push(format!("{name} {amount}"));
        self
    }

    /// Adds a text to the top-level set of texts `name`, which begins empty.
    pub fn add_member(&mut self, name: &str, member: &str) -> &mut Self {
        let (name, member) = (self.name(name), self.value(AttributeValue::Ss(vec![member.to_owned()])));
        self.adds.push(format!("{name} {member}"));
        self
    }

    /// Removes a text from the top-level set of texts `name`.
    pub fn remove_member(&mut self, name: &str, member: &str) -> &mut Self {
        let (name, member) = (self.name(name), self.value(AttributeValue::Ss(vec![member.to_owned()])));
        self.deletes.push(format!("{name} {member}"));
        self
    }

    /// The row must exist.
    pub fn require_row(&mut self) -> &mut Self {
        self.require_present(super::keys::PK)
    }

    /// `path` must exist.
    pub fn require_present(&mut self, path: &str) -> &mut Self {
        let name = self.name(path);
        self.conditions.push(format!("attribute_exists({name})"));
        self
    }

    /// `path` must not exist.
    pub fn require_absent(&mut self, path: &str) -> &mut Self {
        let name = self.name(path);
        self.conditions.push(format!("attribute_not_exists({name})"));
        self
    }

    /// `path` must equal `value`.
    pub fn require_equal(&mut self, path: &str, value: AttributeValue) -> &mut Self {
        let (name, value) = (self.name(path), self.value(value));
        self.conditions.push(format!("{name} = {value}"));
        self
    }

    /// `path` must exist and be greater than `value`.
    pub fn require_greater(&mut self, path: &str, value: AttributeValue) -> &mut Self {
        let (name, value) = (self.name(path), self.value(value));
        self.conditions.push(format!("{name} > {value}"));
        self
    }

    /// `path` must be missing or less than `value`.
    pub fn require_below(&mut self, path: &str, value: AttributeValue) -> &mut Self {
        let (name, value) = (self.name(path), self.value(value));
        self.conditions.push(format!("(attribute_not_exists({name}) OR {name} < {value})"));
        self
    }

    /// The map `path` must have fewer than `count` entries.
    pub fn require_smaller(&mut self, path: &str, count: u32) -> &mut Self {
        let (name, value) = (self.name(path), self.value(super::number(count)));
        self.conditions.push(format!("size({name}) < {value}"));
        self
    }

    /// This condition must hold too. Its placeholders are this expression's: see [`Self::name`], [`Self::value`].
    pub fn require(&mut self, condition: String) -> &mut Self {
        self.conditions.push(condition);
        self
    }

    /// The update's text; `None` when it changes nothing.
    pub fn update_text(&self) -> Option<String> {
        let part = |word: &str, parts: &[String]| (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")));
        let parts = [
            part("SET", &self.sets),
            part("REMOVE", &self.removes),
            part("ADD", &self.adds),
            part("DELETE", &self.deletes),
        ];
        let text: Vec<String> = parts.into_iter().flatten().collect();
        (!text.is_empty()).then(|| text.join(" "))
    }

    /// Whether it changes nothing.
    pub(crate) fn changes_nothing(&self) -> bool {
        [&self.sets, &self.removes, &self.adds, &self.deletes].into_iter().all(Vec::is_empty) && self.error.is_none()
    }

    /// The condition's text; `None` when there is none.
    pub fn condition_text(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    /// What the names' placeholders stand for.
    pub fn names_map(&self) -> Option<HashMap<String, String>> {
        let map: HashMap<_, _> =
            self.names.iter().enumerate().map(|(at, name)| (format!("#{at}"), name.clone())).collect();
        (!map.is_empty()).then_some(map)
    }

    /// What the values' placeholders stand for.
    pub fn values_map(&self) -> Option<HashMap<String, AttributeValue>> {
        let map: HashMap<_, _> =
            self.values.iter().enumerate().map(|(at, value)| (format!(":{at}"), value.clone())).collect();
        (!map.is_empty()).then_some(map)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;
    use crate::id::UserId;
    use crate::store::{number, text};

    #[derive(Clone, Debug, Serialize)]
    struct Thing {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u32>,
    }

    fn row(thing: &Thing) -> Row {
        Row::new(keys::account(UserId::new()), thing)
    }

    /// Applies sets and removes of top-level attributes, as the table does.
    fn applied(change: &Expression, item: &Item) -> Item {
        let mut item = item.clone();
        let at = |placeholder: &str| placeholder.trim_start_matches(['#', ':']).parse::<usize>().unwrap();
        let name = |placeholder: &str| change.names[at(placeholder)].clone();
        for set in &change.sets {
            let (path, value) = set.split_once(" = ").unwrap();
            item.insert(name(path), change.values[at(value)].clone());
        }
        for remove in &change.removes {
            item.remove(&name(remove));
        }
        item
    }

    fn thing() -> impl Strategy<Value = Thing> {
        ("[ab]", proptest::option::of("[ab]"), proptest::option::of(0_u32..2)).prop_map(|(name, note, size)| Thing {
            name,
            note,
            size,
        })
    }

    proptest! {
        #[test]
        fn a_difference_turns_one_row_into_the_other(before in thing(), after in thing()) {
            let (before, after) = (row(&before), row(&after));
            let change = Expression::between(&before, &after);
            prop_assert_eq!(&applied(&change, before.attributes().unwrap()), after.attributes().unwrap());
        }
    }

    #[test]
    fn a_field_that_becomes_none_is_removed_and_unknown_attributes_stay() {
        let before = Thing { name: "a".to_owned(), note: Some("b".to_owned()), size: Some(1) };
        let after = Thing { note: None, size: Some(2), ..before.clone() };
        let change = Expression::between(&row(&before), &row(&after));
        assert_eq!(change.update_text().unwrap(), "SET #1 = :0 REMOVE #0");
        assert!(change.touches(&["note"]) && change.touches(&["size"]) && !change.touches(&["name"]));
        let mut stored = row(&before).attributes().unwrap().clone();
        stored.insert("newer".to_owned(), text("kept"));
        assert_eq!(applied(&change, &stored).get("newer"), Some(&text("kept")));
    }

    #[test]
    fn the_keys_of_the_index_due_are_set_together() {
        let thing = row(&Thing { name: "a".to_owned(), note: None, size: None });
        let (before, after) = (
            thing.clone().with_due(("s".to_owned(), "1".to_owned())),
            thing.with_due(("s".to_owned(), "2".to_owned())),
        );
        let change = Expression::between(&before, &after);
        assert!(change.touches(&[keys::DUE_SHARD]) && change.touches(&[keys::DUE_AT]));
    }

    #[test]
    fn a_value_that_cannot_be_serialized_is_reported_when_it_is_written() {
        let mut change = Expression::default();
        change.set("good", number(1)).set_value("bad", &std::collections::HashMap::from([((1, 2), 3)]));
        assert!(change.checked().is_err());
    }
}
