mod fallback;
mod health;
