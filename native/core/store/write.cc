// Writing a fill: its head, its body chunk by chunk (through the window where it may not be kept), its end.
#include <algorithm>

#include "core/store/inside.h"

namespace parapet::store {

namespace {

// A body up to this size shares a chunk with its key and head; up to the larger size if that needs no eviction, since long pieces
// of memory are rare in a full store.
constexpr u64 together_bytes_max = 2 * 1024;
constexpr u64 together_bytes_max_if_free = 32 * 1024;
// A body of unknown length begins with this much, and doubles.
constexpr u64 chunk_bytes_first = 4 * 1024;
constexpr u64 chunk_bytes_max = 256 * 1024;
// The smallest piece that a body is continued in when memory is broken up.
constexpr u32 piece_granules_least = 4;

void charge(Fill& f, Chunk& c, u32 record) {
  c.fill = record;
  c.fill_generation = f.generation.load(std::memory_order_relaxed);
  f.live.fetch_add(c.size, std::memory_order_seq_cst);
}

u64 live_granules(const Fill& f) { return static_cast<u32>(f.live.load(std::memory_order_seq_cst)); }

// How much to take for the next piece of a body: all that is announced, or twice as much each time.
u32 piece_for(const Config& config, const Fill& f, u64 announced) {
  u64 bytes = announced != unknown_length ? announced - f.received : std::max(f.received, chunk_bytes_first);
  u64 most = chunk_bytes_max;
  if (f.windowed.load(std::memory_order_relaxed) != 0 || (announced != unknown_length && announced > config.object_bytes_max)) {
    most = std::max(u64{config.window_bytes} / 4, chunk_bytes_first);
  }
  if (announced == unknown_length || bytes >= most) bytes = std::min(bytes, most) - sizeof(Chunk);  // no granule for the header alone
  return granules_for(bytes);
}

u32 take_piece(const Inside& in, u32 want, u32 hint, bool use_reserve) { return in.take_chunk(want, std::min(want, piece_granules_least), hint, use_reserve); }

bool is_deserted(const Fill& f) {
  return f.windowed.load(std::memory_order_relaxed) != 0 && f.readers.load(std::memory_order_seq_cst) == 0;
}

// Links one more chunk behind the tail.
WriteState grow(const Inside& in, u32 record, Fill& f) {
  Entry& e = in.entry(f.entry.load(std::memory_order_relaxed));
  u32 want = piece_for(in.config, f, f.announced);
  // The tail stays until something is linked behind it, so that it does not count: else a window as small as one chunk never moved.
  const u32 tail_granules = in.chunk(f.tail).size;
  const auto is_behind = [&] {
    const u64 others = live_granules(f) - std::min<u64>(tail_granules, live_granules(f));
    return others != 0 && (others + want) * granule_bytes > in.config.window_bytes;
  };
  const auto must_wait = [&](const auto& holds) {
    f.leader_waits.store(1, std::memory_order_seq_cst);
    if (holds() && !is_deserted(f)) return true;
    f.leader_waits.store(0, std::memory_order_relaxed);
    return false;
  };
  const bool was_windowed = f.windowed.load(std::memory_order_relaxed) != 0;
  if (was_windowed && must_wait(is_behind)) return WriteState::wait;
  if (is_deserted(f)) return WriteState::no_readers;
  const u32 hint = in.shard_number(e.hash);
  u32 block = take_piece(in, want, hint, was_windowed);
  if (block == 0 && !was_windowed) {
    // No room to keep it: from here on it only passes through.
    in.make_window(f);
    if (is_deserted(f)) return WriteState::no_readers;
    want = piece_for(in.config, f, f.announced);
    if (must_wait(is_behind)) return WriteState::wait;
    block = take_piece(in, want, hint, true);
  }
  if (block == 0) {
    const auto others_live = [&] { return live_granules(f) > tail_granules; };
    if (must_wait(others_live)) return WriteState::wait;
    return is_deserted(f) ? WriteState::no_readers : WriteState::refused;
  }
  Chunk& c = in.chunk(block);
  charge(f, c, record);
  c.count.fetch_add(1, std::memory_order_relaxed);  // one for the link, one for the leader
  {
    const ShardGuard guard(in, in.shard_for(e.hash));
    in.add_granules(e, c.size);
  }
  const u32 old = f.tail;
  in.chunk(old).next.store(block, std::memory_order_seq_cst);
  f.tail = block;
  in.release_chunk(old);
  return WriteState::ready;
}

}  // namespace

HeadState Store::set_head(FillRef ref, Bytes head, const ObjectMeta& meta, std::uint64_t body_length, const Tags& given) {
  const Inside in(*this);
  Fill& f = in.led(ref);
  const u32 index = f.entry.load(std::memory_order_relaxed);
  Entry& e = in.entry(index);
  insist(e.state.load(std::memory_order_relaxed) == entry_filling);
  if (head.size() > head_bytes_limit) return HeadState::refused;
  const u32 hint = in.shard_number(e.hash);
  const u32 tag_count = Inside::tag_count_of(given);
  const Bytes tags = tag_count == tags_all ? Bytes{} : Inside::bytes_of(given);
  const u64 key_and_head = e.key_length + head.size() + tags.size();
  const bool is_known = body_length != unknown_length;
  const bool is_too_long = is_known && body_length > config_.object_bytes_max;
  bool is_together = is_known && !is_too_long && body_length <= together_bytes_max_if_free;
  u32 head_chunk = 0;
  if (is_together) {
    const u32 want = granules_for(key_and_head + body_length);
    head_chunk = body_length <= together_bytes_max ? in.take_chunk(want, want, hint, false) : in.take_free_chunk(want, hint);
    is_together = head_chunk != 0;
  }
  if (head_chunk == 0) head_chunk = in.take_chunk(granules_for(key_and_head), granules_for(key_and_head), hint, false);
  if (head_chunk == 0) return HeadState::refused;
  u32 body_chunk = is_together && body_length != 0 ? head_chunk : 0;
  if (!is_together && body_length != 0) {
    body_chunk = take_piece(in, piece_for(config_, f, body_length), hint, false);
    if (body_chunk == 0) {
      in.release_chunk(head_chunk);
      return HeadState::refused;
    }
    charge(f, in.chunk(body_chunk), ref.index);
  }
  in.write_head(head_chunk, in.key_of(e), head, tags);
  if (body_chunk != 0) in.chunk(body_chunk).count.fetch_add(body_chunk == head_chunk ? 2 : 1, std::memory_order_relaxed);
  f.tail = body_chunk;
  f.announced = body_length;
  u32 key_chunk = 0;
  {
    const ShardGuard guard(in, in.shard_for(e.hash));
    key_chunk = e.head_chunk;
    std::int64_t granules = in.chunk(head_chunk).size;
    granules -= in.chunk(key_chunk).size;
    if (body_chunk != head_chunk && body_chunk != 0) granules += in.chunk(body_chunk).size;
    e.head_chunk = head_chunk;
    e.body_chunk = body_chunk;
    e.body_offset = is_together ? static_cast<u32>(key_and_head) : 0;
    e.head_length = head.size() & ((1u << 20) - 1);
    e.tag_count = tag_count & tags_all;
    e.body_length.store(body_length, std::memory_order_relaxed);
    in.set_meta(e, meta);
    in.add_granules(e, granules);
    e.state.store(entry_body, std::memory_order_seq_cst);
  }
  in.release_chunk(key_chunk);
  if (is_too_long) in.make_window(f);
  in.tell(f);
  return is_too_long ? HeadState::windowed : HeadState::ok;
}

WriteState Store::writable(FillRef ref, std::span<std::uint8_t>& out) {
  const Inside in(*this);
  Fill& f = in.led(ref);
  out = {};
  const u64 lacking = f.announced == unknown_length ? unknown_length : f.announced - f.received;
  if (lacking == 0) return WriteState::ready;
  insist(f.tail != 0);
  if (f.windowed.load(std::memory_order_relaxed) == 0 && f.received > config_.object_bytes_max) in.make_window(f);
  if (is_deserted(f)) return WriteState::no_readers;
  Chunk* tail = &in.chunk(f.tail);
  u64 room = payload_of(tail->size) - tail->used.load(std::memory_order_relaxed);
  if (room == 0) {
    const WriteState state = grow(in, ref.index, f);
    if (state != WriteState::ready) return state;
    tail = &in.chunk(f.tail);
    room = payload_of(tail->size);
  }
  // One byte more than may be kept shows that it is too long.
  if (f.windowed.load(std::memory_order_relaxed) == 0) room = std::min(room, config_.object_bytes_max + 1 - f.received);
  out = {in.payload(f.tail) + tail->used.load(std::memory_order_relaxed), std::min(room, lacking)};
  return WriteState::ready;
}

void Store::commit(FillRef ref, std::size_t n) {
  const Inside in(*this);
  Fill& f = in.led(ref);
  if (n == 0) return;
  insist(f.tail != 0);
  Chunk& tail = in.chunk(f.tail);
  const u32 used = tail.used.load(std::memory_order_relaxed);
  insist(n <= payload_of(tail.size) - used && (f.announced == unknown_length || n <= f.announced - f.received));
  f.received += n;
  tail.used.store(used + static_cast<u32>(n), std::memory_order_seq_cst);
  in.tell(f);
}

bool Store::complete(FillRef ref) {
  const Inside in(*this);
  Fill& f = in.led(ref);
  const u32 index = f.entry.load(std::memory_order_relaxed);
  Entry& e = in.entry(index);
  const bool has_head = e.state.load(std::memory_order_relaxed) == entry_body;
  if (!has_head || (f.announced != unknown_length && f.received != f.announced)) {
    in.end_fill(ref.index, has_head ? entry_truncated : entry_failed);
    return false;
  }
  std::int64_t trimmed = 0;
  if (f.tail != 0) {
    const Chunk& tail = in.chunk(f.tail);
    const u32 want = granules_for(tail.used.load(std::memory_order_relaxed));
    trimmed = tail.size - want;
    if (trimmed != 0) in.shrink_chunk(f.tail, want);
  }
  Shard& shard = in.shard_for(e.hash);
  const bool is_windowed = f.windowed.load(std::memory_order_relaxed) != 0;
  bool is_kept = false;
  u32 dropped = 0;
  {
    const ShardGuard guard(in, shard);
    in.add_granules(e, -trimmed);
    e.body_length.store(f.received, std::memory_order_relaxed);
    is_kept = e.linked != 0 && !in.is_outdated(e) && f.received <= config_.object_bytes_max;
    if (is_kept) {
      dropped = in.promote(shard, index);
      shard.stored += 1;
    } else if (e.linked != 0) {
      in.unlink(shard, index);
      dropped = index;
    }
    e.fill = 0;
    e.state.store(is_windowed ? entry_streamed : entry_complete, std::memory_order_seq_cst);
  }
  if (dropped != 0) in.drop_pin(dropped);
  in.finish(ref.index);
  return is_kept;
}

void Store::abort(FillRef ref, AbortCause cause) {
  const Inside in(*this);
  in.led(ref);
  const bool has_head = in.entry(in.fill(ref.index).entry).state.load(std::memory_order_relaxed) != entry_filling;
  EntryState state = entry_failed;
  if (cause == AbortCause::released) state = entry_released;
  if (cause == AbortCause::elsewhere) state = entry_elsewhere;
  if (cause == AbortCause::failed_after_head && has_head) state = entry_truncated;
  in.end_fill(ref.index, state);
}

std::uint64_t Store::leader_tag(FillRef ref) const { return Inside(*this).led(ref).leader_tag; }

ObjectRef Store::object_of(FillRef ref) const {
  const Fill& f = Inside(*this).led(ref);
  return {f.entry.load(std::memory_order_relaxed), f.entry_generation.load(std::memory_order_relaxed)};
}

bool Store::is_kept(FillRef ref) const {
  const Inside in(*this);
  const Entry& e = in.entry(in.led(ref).entry.load(std::memory_order_relaxed));
  const ShardGuard guard(in, in.shard_for(e.hash));
  return e.linked != 0 && !in.is_outdated(e);
}

bool Store::is_windowed(FillRef ref) const { return Inside(*this).led(ref).windowed.load(std::memory_order_relaxed) != 0; }

bool Store::is_read(FillRef ref) const { return Inside(*this).led(ref).readers.load(std::memory_order_seq_cst) != 0; }

}  // namespace parapet::store
