//! What a caller should know before the first request: the description of the document, and the beginning of the page.

/// A part of the introduction.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// Its paragraphs. Names and values are in backticks.
    pub paragraphs: &'static [&'static str],
    /// Commands for a shell.
    pub commands: Option<&'static str>,
}

/// The parts of the introduction.
pub const SECTIONS: [Section; 7] = [
    Section {
        title: "Base URL",
        paragraphs: &[
            "All paths are below the address of the deployment. The commands on this page expect it in `BASE`:",
        ],
        commands: Some("BASE=http://localhost:3000"),
    },
    Section {
        title: "Authentication",
        paragraphs: &[
            "Browsers authenticate with cookies that a login sets: send requests with `credentials: 'include'`. Other \
             clients log in with `X-Token-Delivery: body` and send the access token as `Authorization: Bearer`. It is \
             valid for 15 minutes; `POST /api/auth/refresh` returns the next one.",
        ],
        commands: Some(
            "curl -s \"$BASE/api/auth/register\" -H 'Content-Type: application/json' \\\n  \
             -d '{\"name\":\"Ada\",\"email\":\"ada@example.com\",\"password\":\"Secret1pass\"}'\n\
             TOKEN=$(curl -s \"$BASE/api/auth/login\" -H 'Content-Type: application/json' -H 'X-Token-Delivery: body' \\\n  \
             -d '{\"email\":\"ada@example.com\",\"password\":\"Secret1pass\"}' | sed 's/.*\"accessToken\":\"\\([^\"]*\\).*/\\1/')\n\
             curl -s \"$BASE/api/tasks\" -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  \
             -d '{\"title\":\"Buy milk\"}'",
        ),
    },
    Section {
        title: "Requests and responses",
        paragraphs: &[
            "JSON in and out. A success is `{success, message, data}`, an error `{success, message, code, requestId}` \
             with `errors` for invalid fields. Programs should rely on `code`: its meaning never changes, while \
             `message` is for people.",
            "Request bodies are UTF-8 (a byte order mark is skipped) and not compressed. Unknown fields are ignored. \
             Enumerations are read in any case and returned in lower case. Strings are trimmed and NFC-normalized \
             before length checks. An empty string, in the body or in the query, counts as no value, except for free \
             text; it clears an optional field of an update. Times are RFC 3339 in UTC, from 1970 to \
             9999-12-30T22:00:00Z; a later one is taken as that. IDs are UUIDs.",
            "`HEAD` works wherever `GET` does: same status and headers, no body, and no code or token is used up. A \
             path with one slash too many at its end returns 308. Responses of the gateway itself (preflight, its own \
             413, 429 and 503) have another shape.",
        ],
        commands: None,
    },
    Section {
        title: "Lists",
        paragraphs: &[
            "A list returns at most `limit` rows and `nextCursor`. Send that as `cursor` for the next page; it is null \
             at the end. A cursor is valid only for the list and the filters that it came from.",
        ],
        commands: None,
    },
    Section {
        title: "Rate limits",
        paragraphs: &[
            "Requests are counted per account for a signed-in caller and per client address otherwise, in sliding \
             windows. `RateLimit-*` describes the limit that is closest to exhaustion, and a 429 has the seconds to \
             wait in `Retry-After`. Besides the limit of all requests, some operations have one of their own, which \
             invalid bodies, conflicts and correct secrets do not use up.",
        ],
        commands: None,
    },
    Section {
        title: "Repeated requests",
        paragraphs: &[
            "A `POST` that creates something accepts an `Idempotency-Key`, for example a UUID. Within 24 hours, the same \
             key with the same body returns the first response instead of creating something again; with another body \
             it returns 422.",
        ],
        commands: None,
    },
    Section {
        title: "Concurrent changes",
        paragraphs: &[
            "Tasks and reminders have an `ETag`. With `If-Match: <ETag>`, a change succeeds only if the version is still \
             that one, and otherwise returns 412 and changes nothing.",
        ],
        commands: None,
    },
];

/// The introduction in Markdown, which OpenAPI has descriptions in.
pub fn markdown() -> String {
    let sections = SECTIONS.iter().map(|section| {
        let commands = section.commands.map(|commands| format!("```sh\n{commands}\n```"));
        let heading = format!("## {}", section.title);
        let parts = std::iter::once(heading).chain(section.paragraphs.iter().map(|text| (*text).to_owned()));
        parts.chain(commands).collect::<Vec<_>>().join("\n\n")
    });
    sections.collect::<Vec<_>>().join("\n\n")
}
