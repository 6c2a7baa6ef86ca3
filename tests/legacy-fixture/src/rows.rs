//! The original's five tables, in the two spellings that its documentation has, and rows for them.

/// As its chapter on the database has them.
pub const AS_TABLES: &str = r#"
CREATE TABLE users (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name VARCHAR(255) NOT NULL, email VARCHAR(255) UNIQUE NOT NULL,
  password VARCHAR(255), google_id VARCHAR(255) UNIQUE, auth_provider VARCHAR(50) DEFAULT 'local',
  is_two_factor_enabled BOOLEAN DEFAULT false, two_factor_otp VARCHAR(6), two_factor_otp_expiry TIMESTAMP,
  refresh_token TEXT, reset_password_token VARCHAR(255), reset_password_expires TIMESTAMP,
  created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE TABLE tasks (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), user_id UUID NOT NULL REFERENCES users(id), title VARCHAR(200) NOT NULL,
  description TEXT, due_date TIMESTAMP NOT NULL, priority VARCHAR(20) DEFAULT 'medium', category VARCHAR(50),
  status VARCHAR(20) DEFAULT 'todo', created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE TABLE task_attachments (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), task_id UUID NOT NULL REFERENCES tasks(id),
  filename VARCHAR(255) NOT NULL, file_url TEXT NOT NULL, file_type VARCHAR(100), file_size INTEGER,
  public_id VARCHAR(255), created_at TIMESTAMP DEFAULT NOW());
CREATE TABLE reminders (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), user_id UUID NOT NULL REFERENCES users(id),
  task_id UUID REFERENCES tasks(id), scheduled_at TIMESTAMP NOT NULL, type VARCHAR(20) DEFAULT 'email', message TEXT,
  status VARCHAR(20) DEFAULT 'pending', email_sent BOOLEAN DEFAULT false, email_sent_at TIMESTAMP,
  created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE TABLE notifications (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), user_id UUID NOT NULL REFERENCES users(id), type VARCHAR(50) NOT NULL,
  title VARCHAR(200) NOT NULL, message TEXT NOT NULL, related_task_id UUID REFERENCES tasks(id),
  is_read BOOLEAN DEFAULT false, created_at TIMESTAMP DEFAULT NOW());
"#;

/// As its translations of the queries have them: links and original names, no due date, no status, times with a zone.
pub const AS_QUERIES: &str = r#"
CREATE TABLE users (
  id UUID PRIMARY KEY, name VARCHAR(255) NOT NULL, email VARCHAR(255) UNIQUE NOT NULL, password VARCHAR(255),
  auth_provider VARCHAR(50), is_two_factor_enabled BOOLEAN, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ);
CREATE TABLE tasks (
  id UUID PRIMARY KEY, user_id UUID NOT NULL, title VARCHAR(255), description TEXT, category VARCHAR(255),
  priority VARCHAR(255), link TEXT, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ);
CREATE TABLE task_attachments (
  id UUID PRIMARY KEY, task_id UUID NOT NULL, file_name VARCHAR(255), original_name VARCHAR(255), file_size INTEGER,
  file_type VARCHAR(255), file_url TEXT, created_at TIMESTAMPTZ);
CREATE TABLE reminders (
  id UUID PRIMARY KEY, user_id UUID NOT NULL, task_id UUID, scheduled_at TIMESTAMPTZ, status VARCHAR(255),
  email_sent BOOLEAN, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ);
CREATE TABLE notifications (
  id UUID PRIMARY KEY, user_id UUID NOT NULL, type VARCHAR(255), title VARCHAR(255), message TEXT,
  related_task_id UUID, is_read BOOLEAN, created_at TIMESTAMPTZ);
"#;

/// Rows that each show something, good and bad ones.
pub const ROWS: &str = r#"
INSERT INTO users (id, name, email, password, google_id, auth_provider, is_two_factor_enabled) VALUES
 ('10000000-0000-4000-8000-000000000001', 'Asha Rao', 'Asha@Example.com', '$2a$10$CwTycUXWue0Thq9StjUM0uJ8Zu4v0yQ6C9l7N1pYt3j0p7b5V2k5K', NULL, 'local', true),
 ('10000000-0000-4000-8000-000000000002', 'Google User', 'g@example.com', NULL, '11223344', 'google', false),
 ('10000000-0000-4000-8000-000000000003', 'A', 'short@example.com', NULL, NULL, 'local', false),
 ('10000000-0000-4000-8000-000000000004', 'Asha Again', 'asha@example.com', '$2b$10$x', NULL, 'local', false),
 ('10000000-0000-4000-8000-000000000005', 'Odd Hash', 'odd@example.com', 'md5:00', NULL, 'local', false);
INSERT INTO tasks (id, user_id, title, due_date, priority, category, status, created_at) VALUES
 ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Pay rent', '2027-01-01 09:30:00', 'High', 'Home', 'todo', '2024-12-01 10:00:00'),
 ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'Done long ago', '2024-01-01', 'low', NULL, 'completed', '2024-01-01'),
 ('20000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', 'ab', '2024-01-01', 'low', NULL, 'todo', '2024-01-01'),
 ('20000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000003', 'Of nobody', '2024-01-01', 'low', NULL, 'todo', '2024-01-01');
INSERT INTO reminders (id, user_id, task_id, scheduled_at, type, message, status, email_sent, email_sent_at) VALUES
 ('30000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001', NOW() + interval '5 days', 'both', 'Two cups', 'pending', false, NULL),
 ('30000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000002', '2024-01-01 20:00:00', 'email', NULL, 'completed', true, '2024-01-01 19:00:00'),
 ('30000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000002', '2024-01-02 20:00:00', 'email', NULL, 'pending', false, NULL),
 ('30000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000001', NULL, '2024-01-02 20:00:00', 'email', NULL, 'pending', false, NULL),
 ('30000000-0000-4000-8000-000000000005', '10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000003', '2024-01-02 20:00:00', 'email', NULL, 'pending', false, NULL);
INSERT INTO task_attachments (id, task_id, filename, file_url) VALUES
 ('40000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001', 'lease.pdf', 'https://files.example/lease.pdf');
INSERT INTO notifications (id, user_id, type, title, message, related_task_id, is_read, created_at) VALUES
 ('50000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'general', 'Task Completed', 'You completed: Done long ago', '20000000-0000-4000-8000-000000000002', true, NOW()),
 ('50000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'general', 'Old', 'Old', NULL, false, '2020-01-01');
"#;
