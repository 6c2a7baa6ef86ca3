//! An operation as commands that a reader can copy.

use serde_json::{Map, Value};

use super::{entries, example, items, text};

/// Reads the caller's access token from the variable that the introduction sets.
const BEARER: &str = "-H \"Authorization: Bearer $TOKEN\"";
/// The query parameter that is the credential of a mailed link.
const LINK_TOKEN: &str = "token";

/// The commands of an operation: one for each type of body.
pub fn commands(path: &str, method: &str, it: &Value, document: &Value) -> Vec<String> {
    let call = call(path, method, it);
    if let Some(form) = it.pointer("/requestBody/content/application~1x-www-form-urlencoded/schema") {
        let fields = body(form, document);
        let field =
            |(name, value): (&String, &Value)| format!(" -d {}", quoted(&format!("{name}={}", text(value, ""))));
        return vec![call + &entries(&fields, "").map(field).collect::<String>()];
    }
    let Some(schema) = it.pointer("/requestBody/content/application~1json/schema") else { return vec![call] };
    let json = quoted(&body(schema, document).to_string());
    let mut commands = vec![format!("{call} -H 'Content-Type: application/json' -d {json}")];
    if it.pointer("/requestBody/content/multipart~1form-data").is_some() {
        commands.push(format!("{call} -F 'files=@beach.jpg;type=image/jpeg'"));
    }
    commands
}

/// The smallest useful body: the required fields, or, where none is, all of them. Of fields of which exactly one must be sent
/// it has the first; what the first word of another field requires is there.
pub fn body(schema: &Value, document: &Value) -> Value {
    let all = example::of(schema, "", document);
    let conditional = ["/else/required", "/then/required"].into_iter().flat_map(|place| items(schema, place));
    let required = items(schema, "/required").chain(conditional);
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    match all {
        Value::Object(fields) if !required.is_empty() => Value::Object(
            fields.into_iter().filter(|(name, _)| required.contains(&name.as_str())).collect::<Map<_, _>>(),
        ),
        all => all,
    }
}

/// The command without a body.
fn call(path: &str, method: &str, it: &Value) -> String {
    // Shows where a redirect leads.
    let flags = if it.pointer("/responses/302").is_some() { "-si" } else { "-s" };
    let has_parameter = |name: &str, place: &str| {
        items(it, "/parameters").any(|known| text(known, "/name") == name && text(known, "/in") == place)
    };
    let mut words = vec![format!("curl {flags}")];
    let has_body = it.get("requestBody").is_some();
    if !(method == "GET" || method == "POST" && has_body) {
        words.push(format!("-X {method}"));
    }
    let query = if has_parameter(LINK_TOKEN, "query") { "?token=$LINK_TOKEN" } else { "" };
    words.push(format!("\"$BASE{}{query}\"", path.replace("{id}", "$ID")));
    if items(it, "/security").any(|way| entries(way, "").any(|(name, _)| name == "bearer")) {
        words.push(BEARER.to_owned());
    }
    if has_parameter("X-Token-Delivery", "header") {
        words.push("-H 'X-Token-Delivery: body'".to_owned());
    }
    words.join(" ")
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn commands_show_method_token_required_fields_and_files() {
        let schema = json!({"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "link": {"type": "string"}}});
        let json_body = json!({"application/json": {"schema": schema}});
        let signed_in = json!([{"cookie": []}, {"bearer": []}]);
        let of = |path, method, it: Value| commands(path, method, &it, &Value::Null);
        let authorized = "-H \"Authorization: Bearer $TOKEN\"";
        assert_eq!(
            of("/api/tasks/{id}", "PUT", json!({"security": signed_in, "requestBody": {"content": json_body}})),
            [format!(
                "curl -s -X PUT \"$BASE/api/tasks/$ID\" {authorized} -H 'Content-Type: application/json' -d '{{\"title\":\"Pay rent\"}}'"
            )]
        );
        let mut forms = json_body.clone();
        forms["multipart/form-data"] = json!({});
        assert_eq!(
            of("/f", "POST", json!({"security": [], "requestBody": {"content": forms}}))[1],
            "curl -s \"$BASE/f\" -F 'files=@beach.jpg;type=image/jpeg'"
        );
        let form = json!({"application/x-www-form-urlencoded": {"schema": schema}});
        assert_eq!(
            of("/p", "POST", json!({"security": [], "requestBody": {"content": form}})),
            ["curl -s \"$BASE/p\" -d 'title=Pay rent'"]
        );
        let redirect = json!({"responses": {"302": {}}, "parameters": [{"name": "token", "in": "query"}]});
        assert_eq!(of("/u", "GET", redirect), ["curl -si \"$BASE/u?token=$LINK_TOKEN\""]);
        let login = json!({"parameters": [{"name": "X-Token-Delivery", "in": "header"}]});
        assert_eq!(of("/l", "POST", login), ["curl -s -X POST \"$BASE/l\" -H 'X-Token-Delivery: body'"]);
    }

    #[test]
    fn a_quote_stays_inside_its_word() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn of_fields_that_exclude_each_other_a_body_shows_the_first() {
        let properties = json!({"title": {"type": "string"}, "link": {"type": "string"}});
        let schema = json!({"type": "object", "properties": properties, "if": {"required": ["link"]}, "else": {"required": ["title"]}});
        assert_eq!(body(&schema, &Value::Null), json!({"title": "Pay rent"}));
    }

    #[test]
    fn a_body_shows_what_the_first_word_of_another_field_requires() {
        let properties = json!({"kind": {"enum": ["list", "model"]}, "days": {"type": "integer", "minimum": 1}, "link": {"type": "string"}});
        let condition = json!({"required": ["kind"], "properties": {"kind": {"const": "list"}}});
        let schema = json!({"type": "object", "required": ["kind"], "properties": properties, "if": condition, "then": {"required": ["days"]}});
        assert_eq!(body(&schema, &Value::Null), json!({"kind": "list", "days": 1}));
    }

    #[test]
    fn a_body_without_required_fields_shows_all() {
        let schema = json!({"type": "object", "properties": {"link": {"type": "string"}}});
        assert_eq!(body(&schema, &Value::Null), json!({"link": "https://example.com/invoice"}));
    }
}
