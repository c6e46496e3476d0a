-- Part of input_tokens, as cached_tokens is. Older records have none.
ALTER TABLE exchange ADD COLUMN cache_write_tokens INTEGER;
