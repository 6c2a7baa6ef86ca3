//! Builds update and condition expressions without ever putting a value into their text.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The parts of an `UpdateItem`, or the condition of any write. Names and values become placeholders.
#[derive(Clone, Debug, Default)]
pub struct Expression {
    names: Vec<String>,
    values: Vec<AttributeValue>,
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    conditions: Vec<String>,
}

impl Expression {
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
        let parts = [part("SET", &self.sets), part("REMOVE", &self.removes), part("ADD", &self.adds)];
        let text: Vec<String> = parts.into_iter().flatten().collect();
        (!text.is_empty()).then(|| text.join(" "))
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
