"""Answers from an OpenAI-compatible server, such as `vllm serve`.

- `messages`: a row as chat messages, with the very frames that the project's own engines are given
- `server`: which model a server has, and what may be asked of it
- `request`: one question as one request
- `client`: many requests, with bounded concurrency, time and retries
"""
