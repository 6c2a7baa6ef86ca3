//! Passwords that are in lists of leaked ones. The list is in the binary, and looked up without the network; whence it
//! comes, and under which licences, is in `breached.md`.

use std::cmp::Ordering;

/// In lower case, sorted by bytes, one a line, each line ended.
static LIST: &str = include_str!("breached.txt");

/// Whether `password` is in the list, whatever its case.
pub(super) fn is_breached(password: &str) -> bool {
    let wanted = password.to_lowercase();
    let list = LIST.as_bytes();
    let (mut low, mut high) = (0, list.len());
    // Both are starts of lines, or the end.
    while low < high {
        let middle = low + (high - low) / 2;
        let start = list.get(..middle).and_then(|before| before.iter().rposition(|byte| *byte == b'\n'));
        let start = start.map_or(low, |end| (end + 1).max(low));
        let line: Vec<u8> = list.iter().skip(start).take_while(|byte| **byte != b'\n').copied().collect();
        match line.as_slice().cmp(wanted.as_bytes()) {
            Ordering::Equal => return true,
            Ordering::Less => low = start + line.len() + 1,
            Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_password_of_the_list_is_found_in_any_case_and_its_neighbours_are_not() {
        assert!(LIST.lines().count() > 10_000);
        for password in LIST.lines() {
            assert!(is_breached(password) && is_breached(&password.to_uppercase()), "{password}");
            let longer = format!("{password}~");
            assert!(!is_breached(&longer), "{longer}");
        }
    }

    #[test]
    fn what_is_not_in_the_list_is_not_found() {
        for password in ["", "\n", "a", "~~~~~~", "000000", "Correct-horse-7", "password1\n", "passwords\nabc"] {
            assert!(!is_breached(password), "{password:?}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_in_lower_case() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.windows(2).all(|pair| matches!(pair, [a, b] if a.as_bytes() < b.as_bytes())));
        assert_eq!(LIST.to_lowercase(), LIST);
        assert!(LIST.ends_with('\n'));
    }
}
