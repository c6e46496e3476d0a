//! Remembers what was used last, within so many entries and so many bytes.

use std::num::NonZeroUsize;

use lru::LruCache;

#[derive(Debug)]
pub struct Memory<V> {
    entries: LruCache<String, Entry<V>>,
    bytes: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
}

/// What an entry costs beside its key and its value.
const OVERHEAD: usize = 100;

impl<V> Memory<V> {
    pub fn new(max_entries: NonZeroUsize, max_bytes: usize) -> Self {
        Self { entries: LruCache::sparse(max_entries), bytes: 0, max_bytes }
    }

    /// `bytes`: the size of the value. What does not fit at all is not remembered.
    pub fn put(&mut self, key: String, value: V, bytes: usize) {
        let bytes = bytes + key.len() + OVERHEAD;
        self.bytes += bytes;
        if let Some((_, replaced)) = self.entries.push(key, Entry { value, bytes }) {
            self.bytes -= replaced.bytes;
        }
        while self.bytes > self.max_bytes
            && let Some((_, forgotten)) = self.entries.pop_lru()
        {
            self.bytes -= forgotten.bytes;
        }
    }

    /// Using it is what keeps it from being forgotten.
    pub fn get(&mut self, key: &str) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(max_entries: usize, bytes: usize) -> Memory<u32> {
        let max_entries = NonZeroUsize::new(max_entries).expect("not zero");
        Memory::new(max_entries, max_entries.get() * OVERHEAD + bytes)
    }

    fn known(memory: &mut Memory<u32>, keys: &str) -> String {
        keys.chars().filter(|key| memory.get(&key.to_string()).is_some()).collect()
    }

    #[test]
    fn the_least_recently_used_is_forgotten_first() {
        let mut memory = memory(2, 1_000);
        memory.put("a".to_owned(), 1, 1);
        memory.put("b".to_owned(), 2, 1);
        assert_eq!(memory.get("a"), Some(&1));
        memory.put("c".to_owned(), 3, 1);
        assert_eq!(known(&mut memory, "abc"), "ac");
    }

    #[test]
    fn bytes_count_and_are_given_back() {
        let mut memory = memory(10, 0);
        for round in 0..100 {
            for key in ["a", "b", "c"] {
                memory.put(key.to_owned(), round, 4 * OVERHEAD);
            }
        }
        assert_eq!(known(&mut memory, "abc"), "c", "two of them are too much");
        memory.put("d".to_owned(), 1, 100 * OVERHEAD);
        assert_eq!((known(&mut memory, "abcd").as_str(), memory.bytes), ("", 0), "it alone is too much");
    }
}
