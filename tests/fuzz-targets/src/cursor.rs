//! Cursors of lists. An input is a cursor; or, behind a zero, the two sort keys of a position and the list, a line each, of
//! which the cursor is made.

use shared::id::UserId;
use shared::store::page::Position;

use crate::tokens::KEYRING;

const LIST: &str = "tasks\nstatus=pending";

pub(crate) fn run(input: &[u8]) {
    let (Ok(user), Ok(other)) =
        (UserId::parse("01890a5d-ac96-774b-bcce-b302099a8057"), UserId::parse("01890a5d-ac96-774b-bcce-b302099a8059"))
    else {
        panic!("these are ids")
    };
    let Ok(text) = str::from_utf8(input) else { return };
    let Some(text) = text.strip_prefix('\0') else {
        let given = Position { sk: "TASK#1".to_owned(), index_sk: "2026-01-01T12:00:00Z#1".to_owned() };
        let is_given = text == given.to_cursor(&KEYRING, user, LIST);
        assert_eq!(Position::from_cursor(text, &KEYRING, user, LIST).is_ok(), is_given, "{text}");
        return;
    };
    let mut lines = text.splitn(3, '\n');
    let (Some(sk), Some(index_sk), Some(list)) = (lines.next(), lines.next(), lines.next()) else { return };
    let position = Position { sk: sk.to_owned(), index_sk: index_sk.to_owned() };
    let cursor = position.to_cursor(&KEYRING, user, list);
    match Position::from_cursor(&cursor, &KEYRING, user, list) {
        Ok(found) => assert_eq!(found, position),
        Err(_) => assert!(cursor.len() > 600, "a cursor that was given out is refused"),
    }
    assert!(Position::from_cursor(&cursor, &KEYRING, other, list).is_err(), "another user's");
    assert!(Position::from_cursor(&cursor, &KEYRING, user, &format!("{list}x")).is_err(), "another list's");
}
