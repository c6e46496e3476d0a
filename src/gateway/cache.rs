//! Keeps the values used most recently, within a number of entries and of bytes.
use std::num::NonZeroUsize;

use lru::LruCache;

#[derive(Debug)]
pub struct Cache<V> {
    entries: LruCache<String, Entry<V>>,
    bytes: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
}

/// Bytes of an entry besides its key and value.
const OVERHEAD: usize = 100;

impl<V> Cache<V> {
    pub fn new(max_entries: NonZeroUsize, max_bytes: usize) -> Self {
        Self { entries: LruCache::sparse(max_entries), bytes: 0, max_bytes }
    }

    /// `bytes`: the size of the value. A value that is larger than the whole cache is not kept.
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

    /// Counts as a use: the entries used longest ago are removed first.
    pub fn get(&mut self, key: &str) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(max_entries: usize, bytes: usize) -> Cache<u32> {
        let max_entries = NonZeroUsize::new(max_entries).expect("not zero");
        Cache::new(max_entries, max_entries.get() * OVERHEAD + bytes)
    }

    fn known(cache: &mut Cache<u32>, keys: &str) -> String {
        keys.chars().filter(|key| cache.get(&key.to_string()).is_some()).collect()
    }

    #[test]
    fn the_least_recently_used_is_forgotten_first() {
        let mut cache = cache(2, 1_000);
        cache.put("a".to_owned(), 1, 1);
        cache.put("b".to_owned(), 2, 1);
        assert_eq!(cache.get("a"), Some(&1));
        cache.put("c".to_owned(), 3, 1);
        assert_eq!(known(&mut cache, "abc"), "ac");
    }

    #[test]
    fn bytes_count_and_are_given_back() {
        let mut cache = cache(10, 0);
        for round in 0..100 {
            for key in ["a", "b", "c"] {
                cache.put(key.to_owned(), round, 4 * OVERHEAD);
            }
        }
        assert_eq!(known(&mut cache, "abc"), "c", "two of them are too much");
        cache.put("d".to_owned(), 1, 100 * OVERHEAD);
        assert_eq!((known(&mut cache, "abcd").as_str(), cache.bytes), ("", 0), "it alone is too much");
    }
}
