// What the files of the store share: addresses, memory, pins, links. Made anew for each call; holds nothing.
#pragma once

#include <algorithm>
#include <cstring>

#include "core/store/arena.h"
#include "core/store/index.h"
#include "core/store/layout.h"
#include "core/store/purge_table.h"
#include "core/store/store.h"

namespace parapet::store {

// What a shard lacks before it can take one more entry.
enum class Need : u8 { none, slab, directory, segment, impossible };

struct Inside {
  explicit Inside(const Store& store) : base(store.base_), root(*store.root_), config(store.config_) {}

  u8* const base;
  Root& root;
  const Config& config;

  // ---- addresses
  Chunk& chunk(u32 block) const { return *reinterpret_cast<Chunk*>(base + u64{block} * granule_bytes); }
  u8* payload(u32 block) const { return base + u64{block} * granule_bytes + sizeof(Chunk); }
  std::atomic<u32>& slab(u32 number) const { return reinterpret_cast<std::atomic<u32>*>(base + root.slabs_at)[number]; }
  Entry& entry(u32 index) const {
    const u32 block = slab(index >> slab_shift).load(std::memory_order_acquire);
    return reinterpret_cast<Entry*>(base + u64{block} * granule_bytes + slab_header_bytes)[index & (entries_per_slab - 1)];
  }
  Fill& fill(u32 record) const { return reinterpret_cast<Fill*>(base + root.fills_at)[record]; }
  WorkerCounters& counters(u32 worker) const {
    const u32 at = worker < config.workers_max ? worker : config.workers_max;
    return reinterpret_cast<WorkerCounters*>(base + root.workers_at)[at];
  }
  u32 shard_number(u64 hash) const { return static_cast<u32>(hash) & root.shard_mask; }
  Shard& shard_for(u64 hash) const { return root.shards[shard_number(hash)]; }
  IndexView index_of(Shard& shard) const { return IndexView(base, shard); }
  Bytes key_of(const Entry& e) const { return {payload(e.head_chunk), e.key_length}; }
  // The record of a fill that is led; fatal for a FillRef that has ended.
  Fill& led(FillRef ref) const;

  // ---- memory; without a shard's lock, since it may evict
  // Key, head and tags at the start of a chunk.
  void write_head(u32 block, Bytes key, Bytes head, Bytes tags = {}) const;
  // The tags that stand there, as bytes.
  Bytes tags_of(const Entry& e) const { return {payload(e.head_chunk) + e.key_length + e.head_length, tag_bytes(e)}; }
  static Bytes bytes_of(const Tags& tags) { return {reinterpret_cast<const u8*>(tags.hashes.data()), std::min(tags.hashes.size(), tags_limit) * sizeof(TagHash)}; }
  static u32 tag_count_of(const Tags& tags) { return tags.is_all || tags.hashes.size() > tags_limit ? tags_all : static_cast<u32>(tags.hashes.size()); }
  static std::size_t tag_bytes(const Entry& e) { return e.tag_count == tags_all ? 0 : e.tag_count * sizeof(TagHash); }
  // A block with one count, charged to the objects. `least` < want: a smaller piece will do.
  u32 take_chunk(u32 want, u32 least, u32 hint, bool use_reserve) const;
  // A chunk if there is one without evicting.
  u32 take_free_chunk(u32 want, u32 hint) const;
  // As take_chunk, for entries and index.
  u32 take_block(u32 want, u32 hint) const;
  u32 take_free_block(u32 want, u32 hint) const;
  void give_block(u32 block) const;
  void shrink_chunk(u32 block, u32 want) const;
  // Gives one count back; frees the chunk, and those behind it that nobody else holds. May notify.
  void release_chunk(u32 block) const;
  // Evicts one object from somewhere; granules, 0: nothing to evict.
  u32 evict_one() const;
  u32 evict_from(Shard& shard) const;
  bool is_unlinked_share_full() const;

  // ---- under the shard's lock
  Slot* find(Shard& shard, u64 hash, Bytes key) const;
  // No purge has been made since the entry was last found standing: the one compare that a hit pays.
  bool is_current(const Entry& e) const { return e.epoch == root.epoch.load(std::memory_order_acquire); }
  // What purges since `e.epoch` make of it; its tags count once its head is there.
  Verdict judge(const Entry& e) const;
  // Brings a complete entry up to date with purges: false where it is gone; a softly purged one is stale from now on.
  bool settle(Entry& e, u32 now) const { return is_current(e) || settle_slowly(e, now); }
  // The same for eviction, which knows no time: only whether it is gone.
  bool is_purged(Entry& e) const;
  // A marker, settled, that still says something.
  bool is_standing(const Entry& e, u32 now) const { return e.fresh_until.load(std::memory_order_relaxed) > now; }
  // A purge has come since its origin was asked: such a fill must not be kept, nor be joined.
  bool is_outdated(const Entry& e) const { return !is_current(e) && judge(e) != Verdict::standing; }
  // Makes an object stale, as a soft purge does.
  void make_stale(Entry& e, u32 now) const;
  // Counts an object that is linked (1) or unlinked (-1) among those that no purge of all has reached.
  void count_standing(Shard& shard, const Entry& e, int n) const;
  // `needs_slot`: the key has none yet.
  Need need_for(Shard& shard, u32 tag, bool needs_slot) const;
  // A free entry, with one pin, a generation, and its hash. The shard must have one.
  u32 new_entry(Shard& shard, u64 hash) const;
  // Takes an entry out of index and queue. The index's pin passes to the caller, who drops it when the lock is given.
  void unlink(Shard& shard, u32 index) const;
  // Links a complete entry, with a pin for the index, in the place of what `slot` holds (nullptr: no slot yet). Gives the entry
  // that it replaced, whose index pin passes to the caller; 0: none.
  u32 link_object(Shard& shard, u32 fresh, Slot* slot) const;
  // The same for a linked fill that is complete now: it takes the place of its companion.
  u32 promote(Shard& shard, u32 fresh) const;
  void set_meta(Entry& e, const ObjectMeta& meta) const;
  void add_granules(Entry& e, std::int64_t granules) const;

  // ---- without a lock
  // Fetches what the shard needs and hands it in; false: no memory.
  bool supply(Shard& shard, u32 tag, Need need) const;
  void drop_pin(u32 index) const;
  bool try_pin(ObjectRef ref) const;
  // A worker's counters have one writer, who needs no locked instruction; the last ones are everybody's.
  template <typename T>
  void count(u32 worker, std::atomic<T> WorkerCounters::*counter, T n) const {
    std::atomic<T>& c = counters(worker).*counter;
    if (worker < config.workers_max) c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    else c.fetch_add(n, std::memory_order_relaxed);
  }
  void count_pin(u32 worker, std::int64_t n) const { count(worker, &WorkerCounters::pins, n); }
  void notify(u32 worker, u32 index, u32 generation) const {
    if (config.notify != nullptr) config.notify(config.notify_context, worker, index, generation);
  }

  // Opens a closed reader; `record` 0: on an object that is not filling. The pin passes to it.
  void attach(Reader& reader, Store* store, u32 worker, ObjectRef ref, u32 record) const;
  void fill_view(const Entry& e, EntryState state, ObjectView& out) const;

  // ---- fill records
  u32 new_fill() const;
  // Gives one holder back; the last frees the record.
  void leave(u32 record) const;
  // One more reader, that has not started. Under the shard's lock.
  void count_reader(Fill& f) const;
  void arm(Fill& f, u32 worker) const;
  // Tells every worker that is armed.
  void tell(Fill& f) const;
  // A body chunk charged to a fill is gone: its window has moved.
  void uncharge(u32 record, u32 generation, u32 granules) const;
  void tell_leader_if_waiting(Fill& f) const;
  // Takes a fill that must not be joined or kept any more off its readers' start, if none of them needs it; the chunk passes to
  // the caller. Under the shard's lock.
  u32 take_start(Fill& f, Entry& e) const;
  // Unlinks a fill that outgrew what may be kept; its readers go on.
  void make_window(Fill& f) const;
  // What remains to do when the entry's state has told the end: news to the followers, the leader's holds given back.
  void finish(u32 record) const;
  // Ends a fill without an object.
  void end_fill(u32 record, EntryState state) const;

  // Makes a shard consistent whose lock was held by a thread that died: empty, with all its free entries.
  void recover(Shard& shard) const;

 private:
  bool settle_slowly(Entry& e, u32 now) const;
  Verdict judge_key(Bytes key, u32 since) const;
  Verdict judge_tags(const Entry& e, u32 since) const;
  void settle_in_queue(Shard& shard, u32 fresh, u8 queue, u8 frequency) const;
  u32 take_from_arenas(u32 want, u32 least, u32 hint, bool use_reserve) const;
  u32 take_evicting(u32 want, u32 least, u32 hint, bool use_reserve) const;

 public:
  static constexpr u32 slab_header_bytes = 64;
  static constexpr u32 slab_granules = granules_for(slab_header_bytes - sizeof(Chunk) + entries_per_slab * sizeof(Entry));
};

class ShardGuard {
 public:
  ShardGuard(const Inside& in, Shard& shard) : shard_(shard) {
    if (shard_.lock.take()) {
      in.recover(shard_);
      shard_.recovered += 1;
      shard_.lock.repaired();
    }
  }
  ~ShardGuard() { shard_.lock.give(); }
  ShardGuard(const ShardGuard&) = delete;
  ShardGuard& operator=(const ShardGuard&) = delete;

 private:
  Shard& shard_;
};

}  // namespace parapet::store
