//! Where files lie in the bucket.

use crate::id::{AttachmentId, TaskId, UserId};

/// Where in the bucket an attachment's objects lie. Nothing in a key is the user's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectKeys {
    pub user: UserId,
    pub task: TaskId,
    pub attachment: AttachmentId,
}

/// Uploads that were not processed yet.
pub const RAW: &str = "raw/";
/// What may be fetched.
pub const FILES: &str = "files/";

impl ObjectKeys {
    /// The uploaded object.
    pub fn raw(self) -> String {
        format!("{RAW}{}", self.path())
    }

    /// The stored file.
    pub fn file(self) -> String {
        format!("{FILES}{}/file", self.path())
    }

    pub fn thumbnail(self) -> String {
        format!("{FILES}{}/thumbnail", self.path())
    }

    fn path(self) -> String {
        format!("{}/{}/{}", self.user, self.task, self.attachment)
    }

    /// Reads a key of an uploaded object; `None` for any other.
    pub fn of_raw(key: &str) -> Option<Self> {
        Self::of_path(key.strip_prefix(RAW)?)
    }

    /// Reads a key of a stored file or a thumbnail; `None` for any other.
    pub fn of_file(key: &str) -> Option<Self> {
        let (path, name) = key.strip_prefix(FILES)?.rsplit_once('/')?;
        Self::of_path(path).filter(|_| ["file", "thumbnail"].contains(&name))
    }

    fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let user = UserId::parse(parts.next()?).ok()?;
        let task = TaskId::parse(parts.next()?).ok()?;
        let attachment = AttachmentId::parse(parts.next()?).ok()?;
        parts.next().is_none().then_some(Self { user, task, attachment })
    }
}

/// Where below `prefix` all objects of a user's task lie.
pub fn objects_of_task(prefix: &str, user: UserId, task: TaskId) -> String {
    format!("{prefix}{user}/{task}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_ours_are_read() {
        let keys = ObjectKeys { user: UserId::new(), task: TaskId::new(), attachment: AttachmentId::new() };
        assert_eq!(ObjectKeys::of_raw(&keys.raw()), Some(keys));
        assert_eq!(ObjectKeys::of_file(&keys.file()), Some(keys));
        assert_eq!(ObjectKeys::of_file(&keys.thumbnail()), Some(keys));
        let raw = keys.raw();
        for other in ["raw/x", "raw/../x/y", "files/a", &format!("{raw}/more"), &raw.replace("raw/", "files/")] {
            assert_eq!(ObjectKeys::of_raw(other), None, "{other}");
        }
        assert_eq!(ObjectKeys::of_file(&raw), None);
    }
}
