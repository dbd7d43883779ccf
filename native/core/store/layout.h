// The memory of the store, drawn. One mapping, addressed in granules of 256 bytes; granule 0 is the root, so 0 means none.
//
//   root | worker counters | fill records | slab directory || arena 0 | arena 1 | ...
//
// An arena is cut into blocks, and everything that comes and goes is a block:
//   chunk      key and head of an object, or a part of a body, or (small objects) all three
//   slab       entries_per_slab entries; belongs to one shard for good
//   segment    slots and ghosts of one part of a shard's index
//   directory  of a shard: tag prefix -> segment
#pragma once

#include <atomic>
#include <cstdint>

#include "core/store/lock.h"

namespace parapet::store {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

static_assert(std::atomic<u64>::is_always_lock_free && std::atomic<u32>::is_always_lock_free);

inline constexpr u32 granule_bytes = 256;

// The first bytes of each block.
struct Chunk {
  u32 size;      // granules, this header included; `free_bit`. Changes under the arena's lock.
  u32 previous;  // granules of the block before it, 0 at the start of the arena. Under the arena's lock.
  std::atomic<u32> count;  // holders: entry, the link from the chunk before, readers that stand on it, the leader on the last
  std::atomic<u32> next;   // chunk that continues the body; set once, and holds one count of it
  std::atomic<u32> used;   // bytes of the payload that are written
  u32 fill;                // fill record that is charged for it while it lives; in a free block: next of its class
  u32 fill_generation;     // in a free block: the one before it in its class
  u32 spare;
};
static_assert(sizeof(Chunk) == 32);
inline constexpr u32 free_bit = 0x8000'0000;

inline constexpr u32 granules_for(u64 payload_bytes) {
  return static_cast<u32>((payload_bytes + sizeof(Chunk) + granule_bytes - 1) / granule_bytes);
}
inline constexpr u64 payload_of(u32 granules) { return u64{granules} * granule_bytes - sizeof(Chunk); }

enum EntryState : u8 {
  entry_free = 0,
  entry_filling,    // no head yet
  entry_body,       // head known, body on its way
  entry_complete,   // an object or a marker
  entry_streamed,   // came to its end through the window: no object
  entry_released,   // aborts, as AbortCause
  entry_elsewhere,
  entry_failed,
  entry_truncated,
  entry_refreshed,  // a 304 came: the fill record names the successor
};

enum QueueName : u8 { queue_none = 0, queue_small, queue_main };

struct Entry {
  u64 hash;
  std::atomic<u32> pins;        // the index holds one while linked; 0: free, or about to be
  std::atomic<u32> generation;  // 0 while free
  u32 epoch;                    // of the store when its origin was asked, or up to which it is known to stand; under the shard's lock
  u32 head_chunk;               // payload: key, head
  u32 body_chunk;               // first chunk of the body (the head chunk itself for small objects), with a count of its own; 0: none
  u32 body_offset;              // where the body begins in that chunk's payload
  std::atomic<u64> body_length;  // of the complete body; while filling what was announced
  u32 head_length : 20;
  u32 tag_count : 12;  // hashes of tags behind the head, or `tags_all`
  u16 key_length;
  u16 status;
  u32 stored_at;
  std::atomic<u32> fresh_until;
  std::atomic<u32> stale_while_revalidate_until;
  std::atomic<u32> stale_if_error_until;
  u32 flags;
  u32 age_at_store;
  std::atomic<u8> state;
  std::atomic<u8> frequency;  // hits since it entered its queue, up to 7
  u8 queue;                   // this and the rest under the shard's lock
  u8 linked;
  u32 companion;  // object: the fill under the same key; fill: the object that holds the slot
  u32 before;     // neighbours in the queue; `after` links free entries too
  u32 after;
  u32 granules;  // of its chunks
  u32 fill;      // record, while it fills
};
static_assert(sizeof(Entry) == 96);

// The response has more tags than are kept: it counts as carrying every tag.
inline constexpr u32 tags_all = (1u << 12) - 1;

inline constexpr u32 slab_shift = 7;
inline constexpr u32 entries_per_slab = 1u << slab_shift;

struct Slot {
  u32 entry;  // 0: empty
  u32 tag;    // upper half of the hash: its first bits choose the segment, its last the slot
};

inline constexpr u32 slots_per_segment = 512;
inline constexpr u32 slots_used_max = 416;
// About two for three entries: more keep what is asked for too seldom, fewer forget it between two requests.
inline constexpr u32 ghosts_per_segment = 180;

// Linear probing within a segment. A full segment splits in two (extendible hashing), so growth is never more than one segment of work.
struct Segment {
  u32 depth;  // bits of the tag that all its keys share
  u32 used;
  u32 ghost_next;
  u32 spare;
  Slot slots[slots_per_segment];
  u32 ghosts[ghosts_per_segment];  // tags of keys evicted from the small queue, a ring; 0: none
};
inline constexpr u32 segment_granules = granules_for(sizeof(Segment));
static_assert(segment_granules == 19);

struct Queue {
  u32 oldest;
  u32 newest;
  u32 count;
  u64 granules;
};

struct alignas(64) Shard {
  Lock lock;
  u32 directory;  // block of 1 << depth segment numbers
  u32 depth;
  u32 free_entry;
  u32 segments;
  Queue small;
  Queue main;
  u64 objects;
  u64 fills;
  u64 stored;
  u64 windowed;
  u64 evictions;
  u64 granules_evicted;
  u64 recovered;
  u32 standing_epoch;  // the last hard purge of all that `standing` knows of
  u64 standing;        // of the objects, those that no purge of all has reached
  std::atomic<u64> resident;  // granules in both queues, to choose where to evict
};

inline constexpr u32 rows = 32;
inline constexpr u32 columns = 16;

struct alignas(64) Arena {
  Lock lock;
  u32 first;  // granules [first, end)
  u32 end;
  u32 free;
  u32 reserve;  // of them, for windowed fills only
  u64 recovered;
  u32 row_map;
  u32 column_map[rows];
  u32 heads[rows][columns];
};

inline constexpr u32 armed_words = 4;

// A fill under way, and until its last reader has left it.
struct alignas(64) Fill {
  std::atomic<u64> live;  // generation << 32 | granules of body chunks that are alive
  std::atomic<u64> armed[armed_words];  // workers that wait for news
  std::atomic<u32> generation;  // 0 while free
  std::atomic<u32> holders;     // the leader and each reader
  std::atomic<u32> readers;
  std::atomic<u32> leader_waits;
  std::atomic<u32> next_free;
  std::atomic<u32> windowed;
  std::atomic<u32> entry;  // this and the next two may be read by one who comes too late; he then tells the wrong leader, in vain
  std::atomic<u32> entry_generation;
  std::atomic<u32> leader_worker;
  u32 tail;  // last chunk of the body, with a count; the leader's only, as the next three
  u64 received;
  u64 announced;
  u64 leader_tag;
  u32 unstarted;  // readers that do not stand on a chunk yet; under the shard's lock
  u32 successor;  // pinned; written before the state says refreshed
  u32 successor_generation;
  std::atomic<u32> leading;  // 0 once it has ended
};
static_assert(sizeof(Fill) == 128);

struct alignas(64) WorkerCounters {
  std::atomic<u64> hits;
  std::atomic<u64> misses;
  std::atomic<u64> collapsed;
  std::atomic<u64> refused;
  std::atomic<u64> purges;
  std::atomic<std::int64_t> pins;
};

// See purge_table.h.
struct PurgeSlot {
  std::atomic<u64> mark;  // 0: free
  std::atomic<u64> when;  // epoch of the last hard purge << 32 | of the last soft one
};
struct alignas(64) PurgeSet {
  PurgeSlot slots[7];
  std::atomic<u64> floor;  // as `when`, for marks that are not held
  u64 spare;
};
static_assert(sizeof(PurgeSet) == 128);

inline constexpr u32 shards_max = 64;
inline constexpr u32 arenas_max = 8;

struct Root {
  u64 bytes;
  u32 shard_mask;
  u32 arena_count;
  u32 fills_max;
  u32 slabs_max;
  u64 workers_at;  // byte offsets of the tables behind the root
  u64 fills_at;
  u64 slabs_at;
  u64 purges_at;
  u64 purge_set_mask;
  u64 fixed_bytes;
  alignas(64) std::atomic<u32> generation;  // last one given to an entry or a fill
  std::atomic<u32> slab_count;
  alignas(64) std::atomic<u32> epoch;  // counts purges of groups and of all; raised last, which publishes the rest
  std::atomic<u32> hard_epoch;         // of the last purge of all: entries older than this are gone
  std::atomic<u32> soft_epoch;         // entries older than this are stale
  std::atomic<u32> key_epoch;          // of the last purge of a zone, host, prefix or URL
  std::atomic<u32> tag_epoch;          // of the last purge of a tag
  std::atomic<u64> purge_levels;
  alignas(64) Lock purge_lock;  // one purge at a time; nothing is taken under it
  std::atomic<u64> purges_forgotten;
  alignas(64) std::atomic<u64> free_fill;  // tag << 32 | record: a stack without a lock
  std::atomic<u32> fresh_fill;           // records from here on were never used
  std::atomic<u32> fills_active;
  alignas(64) std::atomic<u64> object_granules;  // all chunks
  std::atomic<u64> linked_granules;              // those of linked entries
  std::atomic<u32> evict_cursor;
  Shard shards[shards_max];
  Arena arenas[arenas_max];
};

}  // namespace parapet::store
