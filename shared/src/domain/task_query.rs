//! The query of a task list: what to keep, in what order, which fields to show.

use unicode_normalization::UnicodeNormalization;

use crate::clock::Timestamp;
use crate::domain::due_date::DueDate;
use crate::domain::field::{FieldError, Parameter};
use crate::domain::task::{Priority, Task, TaskStatus};
use crate::domain::text::folded;
use crate::domain::zone::Zone;
use crate::inline_schema;

/// The order of a task list. Undated tasks come last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSort {
    /// By due date, earliest first: the default.
    DueDate,
    /// By due date, latest first.
    DueDateDescending,
    /// Oldest first.
    CreatedAt,
    /// Newest first.
    CreatedAtDescending,
}

impl TaskSort {
    const WORDS: [(&'static str, Self); 4] = [
        ("dueDate", Self::DueDate),
        ("-dueDate", Self::DueDateDescending),
        ("createdAt", Self::CreatedAt),
        ("-createdAt", Self::CreatedAtDescending),
    ];
}

/// A task list's query. `B` is a bound of the due date: a [`DueDate`] as it is sent, an instant once the user's zone is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskQuery<B = Timestamp> {
    /// Any of these; empty keeps all.
    pub status: Vec<TaskStatus>,
    /// Any of these; empty keeps all.
    pub priority: Vec<Priority>,
    /// Any of these; empty keeps all.
    pub category: Vec<String>,
    /// Due before this.
    pub due_before: Option<B>,
    /// Due at this or after it.
    pub due_after: Option<B>,
    /// Folded text that the title or the description must hold.
    pub text: Option<String>,
    /// The order.
    pub sort: TaskSort,
    /// The fields to show; `None` shows all.
    pub fields: Option<Vec<&'static str>>,
}

/// Text that a category, a title or a description holds.
#[derive(Debug)]
pub struct Text;

inline_schema!(Text, { "type": "string" });

/// The type of `q`.
#[derive(Debug)]
pub struct SearchText;

inline_schema!(SearchText, { "type": "string", "maxLength": TaskQuery::TEXT_MAX });

inline_schema!(TaskSort, {
    "type": "string",
    "enum": Self::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>(),
    // Names for generated clients, which cannot make one of a minus sign.
    "x-enum-varnames": Self::WORDS.iter().map(|(_, sort)| format!("{sort:?}")).collect::<Vec<_>>(),
    "default": "dueDate",
});

/// The type of `fields`: names of a task's fields, separated by commas.
#[derive(Debug)]
pub struct FieldNames;

inline_schema!(FieldNames, {
    "type": "string",
    "pattern": format!("^ *(?:{0})? *(?:, *(?:{0})? *)*$", TaskQuery::FIELDS.join("|")),
});

impl TaskQuery<DueDate> {
    /// The parameters, besides those of every list.
    pub const PARAMETERS: [Parameter; 8] = [
        Parameter::repeatable::<TaskStatus>("status", ""),
        Parameter::repeatable::<Priority>("priority", ""),
        Parameter::repeatable::<Text>("category", ""),
        Parameter::once::<DueDate>(
            "dueBefore",
            "Exclusive. A plain date is the start of that day in the user's time zone: what is due that day is left out",
        ),
        Parameter::once::<DueDate>(
            "dueAfter",
            "Inclusive. A plain date is the start of that day in the user's time zone: what is due that day is included",
        ),
        Parameter::once::<SearchText>("q", "Text in the title or the description, in any case"),
        Parameter::once::<TaskSort>("sort", "Undated tasks come last"),
        Parameter::once::<FieldNames>("fields", "Names of the task fields to return, separated by commas"),
    ];

    /// Every field of a task that `fields` may name.
    pub const FIELDS: [&'static str; 17] = [
        "id",
        "userId",
        "title",
        "description",
        "dueDate",
        "recurrence",
        "plan",
        "priority",
        "status",
        "category",
        "link",
        "version",
        "createdAt",
        "updatedAt",
        "completedAt",
        "attachments",
        "reminders",
    ];
    /// Most characters of `q`.
    const TEXT_MAX: usize = 200;

    /// Reads the parameters, names and values decoded. `limit` and `cursor` are not its own. A blank one counts as missing.
    ///
    /// # Errors
    /// Every bad parameter.
    pub fn read(parameters: &[(String, String)]) -> Result<Self, Vec<FieldError>> {
        let mut query = Self {
            status: Vec::new(),
            priority: Vec::new(),
            category: Vec::new(),
            due_before: None,
            due_after: None,
            text: None,
            sort: TaskSort::DueDate,
            fields: None,
        };
        let mut errors = Vec::new();
        for (name, value) in parameters.iter().filter(|(_, value)| !value.trim().is_empty()) {
            if let Err(error) = query.read_one(name, value) {
                errors.push(error);
            }
        }
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }

    fn read_one(&mut self, name: &str, value: &str) -> Result<(), FieldError> {
        let bad = |field: &'static str, message: String| Err(FieldError::new(field, message));
        match name {
            "status" => match TaskStatus::from_word(value) {
                Some(status) => self.status.push(status),
                None => return bad("status", format!("Status must be one of {}", TaskStatus::WORDS.join(", "))),
            },
            "priority" => match Priority::from_word(value) {
                Some(priority) => self.priority.push(priority),
                None => return bad("priority", format!("Priority must be one of {}", Priority::WORDS.join(", "))),
            },
            "category" => self.category.push(composed(value)),
            "dueBefore" => match bound(value) {
                Some(bound) => self.due_before = Some(bound),
                None => return bad("dueBefore", "Due before must be a valid date".to_owned()),
            },
            "dueAfter" => match bound(value) {
                Some(bound) => self.due_after = Some(bound),
                None => return bad("dueAfter", "Due after must be a valid date".to_owned()),
            },
            "q" if value.chars().count() > Self::TEXT_MAX => {
                return bad("q", format!("Search text cannot exceed {} characters", Self::TEXT_MAX));
            }
            "q" => self.text = Some(folded(value.trim())),
            "sort" => match TaskSort::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(value)) {
                Some((_, sort)) => self.sort = *sort,
                None => {
                    let words: Vec<_> = TaskSort::WORDS.iter().map(|(word, _)| *word).collect();
                    return bad("sort", format!("Sort must be one of {}", words.join(", ")));
                }
            },
            "fields" => self.fields = Some(read_fields(value)?),
            _ => {}
        }
        Ok(())
    }

    /// Whether a bound depends on the user's time zone.
    pub fn needs_zone(&self) -> bool {
        [self.due_before, self.due_after].into_iter().flatten().any(DueDate::needs_zone)
    }

    /// The query with instants as bounds: a plain date is the start of that day. `zone` is the user's.
    pub fn resolve(self, zone: &Zone) -> TaskQuery {
        let Self { status, priority, category, due_before, due_after, text, sort, fields } = self;
        let start = |bound: DueDate| bound.start(zone);
        let (due_before, due_after) = (due_before.map(start), due_after.map(start));
        TaskQuery { status, priority, category, due_before, due_after, text, sort, fields }
    }

    /// What a cursor of this query is bound to, beside its user: everything but the fields shown.
    pub fn fingerprint(&self) -> String {
        let Self { status, priority, category, due_before, due_after, text, sort, fields: _ } = self;
        format!("{status:?}|{priority:?}|{category:?}|{due_before:?}|{due_after:?}|{text:?}|{sort:?}")
    }
}

impl TaskQuery {
    /// Whether the query leaves tasks out.
    pub fn filters(&self) -> bool {
        !self.status.is_empty()
            || !self.priority.is_empty()
            || !self.category.is_empty()
            || self.due_before.is_some()
            || self.due_after.is_some()
            || self.text.is_some()
    }

    /// Whether the query keeps `task`.
    pub fn keeps(&self, task: &Task) -> bool {
        let any =
            |wanted: &[String], has: Option<&str>| wanted.is_empty() || wanted.iter().any(|w| Some(w.as_str()) == has);
        let after = self.due_after.is_none_or(|from| task.due_date.is_some_and(|due| due >= from));
        let before = self.due_before.is_none_or(|until| task.due_date.is_some_and(|due| due < until));
        let holds = |text: &str, wanted: &str| folded(text).contains(wanted);
        let text = self.text.as_deref().is_none_or(|wanted| {
            holds(task.title.as_str(), wanted) || task.description.as_ref().is_some_and(|d| holds(d.as_str(), wanted))
        });
        (self.status.is_empty() || self.status.contains(&task.status))
            && (self.priority.is_empty() || self.priority.contains(&task.priority))
            && any(&self.category, task.category.as_ref().map(|c| c.as_str()))
            && after
            && before
            && text
    }
}

/// A bound of the due date. In a query `+` stands for a space, so the offset of `2030-01-02T09:00:00+05:30` arrives without
/// its sign where a program did not encode it. No other text has a space there.
fn bound(value: &str) -> Option<DueDate> {
    let with_plus = || DueDate::parse(&value.rsplit_once(' ').map(|(local, offset)| format!("{local}+{offset}"))?);
    DueDate::parse(value).or_else(with_plus)
}

/// Text as tasks hold it: trimmed and in NFC.
fn composed(text: &str) -> String {
    text.trim().nfc().collect()
}

fn read_fields(value: &str) -> Result<Vec<&'static str>, FieldError> {
    let mut shown = vec!["id"];
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match TaskQuery::FIELDS.iter().find(|field| **field == name) {
            Some(field) if !shown.contains(field) => shown.push(field),
            Some(_) => {}
            None => {
                let message = format!("Fields must be some of {}", TaskQuery::FIELDS.join(", "));
                return Err(FieldError::new("fields", message));
            }
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::body::testing::parsed;
    use crate::domain::task::TaskOut;
    use crate::domain::zone::Zone;
    use crate::id::UserId;
    use serde_json::{Value, json};

    fn task(body: Value) -> Task {
        Task::new(UserId::new(), parsed(body).unwrap(), &Zone::UTC, crate::clock::testing::now()).unwrap()
    }

    fn query(pairs: &[(&str, &str)]) -> Result<TaskQuery, Vec<FieldError>> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        TaskQuery::read(&pairs).map(|query| query.resolve(&Zone::parse("Asia/Kolkata").unwrap()))
    }

    #[test]
    fn a_plus_that_was_not_encoded_is_the_sign_of_an_offset() {
        let instant = DueDate::parse("2030-01-02T09:00:00.5+05:30");
        assert!(instant.is_some());
        for value in ["2030-01-02T09:00:00.5 05:30", "2030-01-02 09:00:00.5 05:30", "2030-01-02T09:00:00.5+05:30"] {
            assert_eq!(bound(value), instant, "{value}");
        }
        assert_eq!(bound("2030-01-02 09:00:00Z"), DueDate::parse("2030-01-02T09:00:00Z"));
        for value in
            ["2030-01-02 05:30", "2030-01-02T09:00:00 ", "2030-01-02T09:00:00  05:30", "2030-01-02T09:00:00 0530", " "]
        {
            assert_eq!(bound(value), None, "{value}");
        }
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let errors = query(&[("status", "done"), ("dueBefore", "soon"), ("sort", "title"), ("fields", "id,password")])
            .unwrap_err();
        let named: Vec<_> = errors.iter().map(|e| e.field.clone()).collect();
        assert_eq!(named, ["status", "dueBefore", "sort", "fields"]);
    }

    #[test]
    fn an_order_is_read_in_any_case() {
        assert_eq!(query(&[("sort", "-CREATEDAT")]).unwrap().sort, TaskSort::CreatedAtDescending);
    }

    #[test]
    fn every_field_of_a_task_can_be_selected() {
        let shown = serde_json::to_value(TaskOut::new(task(json!({"title": "Pay rent"})), "")).unwrap();
        let mut names: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        let mut fields = TaskQuery::FIELDS;
        names.sort_unstable();
        fields.sort_unstable();
        assert_eq!(names, fields);
    }

    #[test]
    fn due_after_is_inclusive_and_due_before_exclusive_and_undated_tasks_are_neither() {
        let due = task(json!({"title": "Pay rent", "dueDate": "2026-01-01T00:00:00Z"}));
        let undated = task(json!({"title": "Some day"}));
        let after = query(&[("dueAfter", "2026-01-01T00:00:00Z")]).unwrap();
        let before = query(&[("dueBefore", "2026-01-01T00:00:00Z")]).unwrap();
        assert!(after.keeps(&due) && !before.keeps(&due));
        assert!(!after.keeps(&undated) && !before.keeps(&undated));
    }

    #[test]
    fn repeated_values_are_alternatives_and_different_parameters_all_hold() {
        let home = task(json!({"title": "Pay rent", "category": "home", "priority": "high"}));
        assert!(query(&[("category", "work"), ("category", "home")]).unwrap().keeps(&home));
        assert!(!query(&[("category", "home"), ("priority", "low")]).unwrap().keeps(&home));
        assert!(query(&[("q", "RENT")]).unwrap().keeps(&home));
        let composed = task(json!({"title": "Café", "category": "Café"}));
        assert!(query(&[("q", "cafe\u{301}"), ("category", "Cafe\u{301}")]).unwrap().keeps(&composed));
    }

    #[test]
    fn a_plain_date_as_a_bound_is_the_start_of_that_day_where_the_user_lives() {
        let at = |due: &str| task(json!({"title": "Pay rent", "dueDate": due}));
        let (last, first) = (at("2026-01-01T18:29:59.999Z"), at("2026-01-01T18:30:00Z"));
        let (after, before) =
            (query(&[("dueAfter", "2026-01-02")]).unwrap(), query(&[("dueBefore", "2026-01-02")]).unwrap());
        assert!(after.keeps(&first) && !after.keeps(&last));
        assert!(before.keeps(&last) && !before.keeps(&first));
        let pairs = |value: &str| [("dueAfter".to_owned(), value.to_owned())];
        assert!(TaskQuery::read(&pairs("2026-01-02")).unwrap().needs_zone());
        assert!(!TaskQuery::read(&pairs("2026-01-02T00:00:00Z")).unwrap().needs_zone());
    }

    #[test]
    fn text_is_found_in_any_case_of_any_script() {
        for (title, wanted) in [
            ("ΟΔΟΣΗΜΑΝΣΗ", "ΟΔΟΣ"),
            ("οδοσήμανση", "ΟΔΟΣ"),
            ("İSTANBUL tatil", "istanbul"),
            ("istanbul", "İSTANBUL"),
            ("Straße", "STRASSE"),
            ("STRASSE", "straße"),
            ("Żurek kochen", "żUREK"),
            ("Ταξίδι στην Αθήνας", "ΑΘΉΝΑΣ"),
        ] {
            assert!(query(&[("q", wanted)]).unwrap().keeps(&task(json!({"title": title}))), "{wanted} in {title}");
        }
        let café = task(json!({"title": "Something", "description": "Café"}));
        assert!(query(&[("q", "CAFÉ")]).unwrap().keeps(&café) && !query(&[("q", "cafe")]).unwrap().keeps(&café));
    }

    #[test]
    fn a_blank_parameter_counts_as_missing() {
        let names = ["status", "priority", "category", "dueBefore", "dueAfter", "q", "sort", "fields"];
        let blank: Vec<(&str, &str)> = names.into_iter().map(|name| (name, " ")).collect();
        assert_eq!(query(&blank).unwrap(), query(&[]).unwrap());
        let one = query(&[("category", ""), ("category", "home")]).unwrap();
        assert_eq!(one.category, ["home"]);
    }
}
