mod fallback;
mod health;
mod operate;
