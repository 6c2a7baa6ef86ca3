// Where the API is. A deployed app has its own here; `make run` listens on this one.
export const API = 'http://localhost:3000/api';
