// Readers: a cursor that walks the chunks of a body, also while it is being written.
//
// A reader of a complete object needs only its pin: the entry holds the whole chain. One that came while the object was filling
// holds a count on the chunk that it stands on, which keeps all later ones, so that what lies behind the slowest reader
// of a window can go.
#include <algorithm>

#include "core/store/inside.h"

namespace parapet::store {

void Inside::attach(Reader& reader, Store* store, u32 worker, ObjectRef ref, u32 record) const {
  insist(!reader.is_open());
  reader.store_ = store;
  reader.ref_ = ref;
  reader.worker_ = worker;
  reader.fill_ = record;
  reader.position_ = 0;
  reader.skip_ = 0;
  reader.end_ = unknown_length;
  reader.walks_ = record != 0;
  const Entry& e = entry(ref.index);
  reader.chunk_ = record == 0 ? e.body_chunk : 0;
  reader.offset_ = record == 0 ? e.body_offset : 0;
  reader.started_ = reader.chunk_ != 0;
  reader.lost_ = false;
  reader.joined_ = root.epoch.load(std::memory_order_acquire);
}

// Stands on the first chunk of a fill, once there is one.
bool Reader::start() {
  if (fill_ == 0) return false;
  const Inside in(*store_);
  Entry& e = in.entry(ref_.index);
  if (e.state.load(std::memory_order_acquire) == entry_filling) return false;
  Fill& f = in.fill(fill_);
  u32 dropped = 0;
  {
    const ShardGuard guard(in, in.shard_for(e.hash));
    if (e.body_chunk == 0) return false;
    chunk_ = e.body_chunk;
    offset_ = e.body_offset;
    in.chunk(chunk_).count.fetch_add(1, std::memory_order_relaxed);
    started_ = true;
    f.unstarted -= 1;
    dropped = in.take_start(f, e);
  }
  in.release_chunk(dropped);
  return true;
}

// On to the next chunk, if there is one.
bool Reader::step() {
  const Inside in(*store_);
  const u32 next = in.chunk(chunk_).next.load(std::memory_order_seq_cst);
  if (next == 0) return false;
  if (walks_) {
    in.chunk(next).count.fetch_add(1, std::memory_order_relaxed);  // this chunk holds it until then
    in.release_chunk(chunk_);
  }
  chunk_ = next;
  offset_ = 0;
  return true;
}

// Moves the cursor to the next byte that is wanted and there; `available` is how many follow it in its chunk.
bool Reader::settle(std::uint32_t& available) {
  if (!started_ && !start()) return false;
  const Inside in(*store_);
  for (;;) {
    const u32 used = in.chunk(chunk_).used.load(std::memory_order_seq_cst);
    const u64 skipped = std::min<u64>(used - offset_, skip_);
    offset_ += static_cast<u32>(skipped);
    skip_ -= skipped;
    if (offset_ != used) {
      available = static_cast<u32>(std::min<u64>(used - offset_, end_ - position_));
      return available != 0;
    }
    // A chunk that has a next one is not written any more, but may have been between the two loads.
    if (in.chunk(chunk_).next.load(std::memory_order_seq_cst) == 0) return false;
    if (in.chunk(chunk_).used.load(std::memory_order_seq_cst) == used) step();
  }
}

ReadState Reader::next(Bytes& out) {
  std::size_t count = 0;
  out = {};
  return gather({&out, 1}, count);
}

ReadState Reader::gather(std::span<Bytes> out, std::size_t& count) {
  const Inside in(*store_);
  count = 0;
  if (lost_) return ReadState::aborted;
  for (bool is_armed = false;;) {
    // The state is read first: what was written before the end is then seen.
    const u8 state = in.entry(ref_.index).state.load(std::memory_order_seq_cst);
    const bool is_over = state == entry_complete || state == entry_streamed;
    u32 available = 0;
    if (position_ >= end_) return ReadState::end;
    if (settle(available)) {
      out[count++] = {in.payload(chunk_) + offset_, available};
      u64 shown = available;
      u32 at = chunk_;
      while (count < out.size() && shown < end_ - position_) {
        if (in.chunk(at).used.load(std::memory_order_seq_cst) != (at == chunk_ ? offset_ : 0) + out[count - 1].size()) break;
        at = in.chunk(at).next.load(std::memory_order_seq_cst);
        if (at == 0) break;
        const u64 piece = std::min<u64>(in.chunk(at).used.load(std::memory_order_seq_cst), end_ - position_ - shown);
        if (piece == 0) break;
        out[count++] = {in.payload(at), piece};
        shown += piece;
      }
      if (is_over && fill_ != 0) leave_fill();
      return ReadState::data;
    }
    if (is_over) {
      if (fill_ != 0) leave_fill();
      return ReadState::end;
    }
    if (state != entry_filling && state != entry_body) return ReadState::aborted;
    if (is_armed) return ReadState::wait;
    in.arm(in.fill(fill_), worker_);
    is_armed = true;
  }
}

void Reader::advance(std::uint64_t n) {
  const Inside in(*store_);
  position_ += n;
  while (n != 0) {
    const u32 used = in.chunk(chunk_).used.load(std::memory_order_seq_cst);
    const u64 taken = std::min<u64>(used - offset_, n);
    offset_ += static_cast<u32>(taken);
    n -= taken;
    if (n != 0) insist(step());
  }
  // Leave what is read at once: a window may wait for it.
  if (walks_ && in.chunk(chunk_).next.load(std::memory_order_seq_cst) != 0 && offset_ == in.chunk(chunk_).used.load(std::memory_order_seq_cst)) step();
}

void Reader::range(std::uint64_t first, std::uint64_t last) {
  insist(first >= position_);
  skip_ += first - position_;
  position_ = first;
  end_ = last == unknown_length ? last : last + 1;
}

void Reader::leave_fill() {
  const Inside in(*store_);
  const u32 record = fill_;
  fill_ = 0;
  Fill& f = in.fill(record);
  u32 dropped = 0;
  if (!started_) {
    Entry& e = in.entry(ref_.index);
    const ShardGuard guard(in, in.shard_for(e.hash));
    f.unstarted -= 1;
    dropped = in.take_start(f, e);
  }
  in.release_chunk(dropped);
  if (f.readers.fetch_sub(1, std::memory_order_seq_cst) == 1) in.tell_leader_if_waiting(f);
  in.leave(record);
}

void Reader::close() {
  if (store_ == nullptr) return;
  const Inside in(*store_);
  if (walks_ && chunk_ != 0) in.release_chunk(chunk_);
  if (fill_ != 0) leave_fill();
  in.drop_pin(ref_.index);
  in.count_pin(worker_, -1);
  store_ = nullptr;
  ref_ = {};
  chunk_ = 0;
}

void Store::open_reader(std::uint32_t worker, ObjectRef ref, Reader& reader) {
  const Inside in(*this);
  Entry& e = in.entry(ref.index);
  if (e.state.load(std::memory_order_acquire) == entry_complete) {
    in.attach(reader, this, worker, ref, 0);
    return;
  }
  u32 record = 0;
  bool is_lost = false;
  {
    const ShardGuard guard(in, in.shard_for(e.hash));
    const u8 state = e.state.load(std::memory_order_relaxed);
    if (state != entry_complete) {
      // Still to be had from its start, unless that has gone through a window or the fill has failed.
      is_lost = e.fill == 0 || in.fill(e.fill).windowed.load(std::memory_order_relaxed) != 0;
      if (!is_lost) in.count_reader(in.fill(record = e.fill));
    }
  }
  in.attach(reader, this, worker, ref, record);
  reader.lost_ = is_lost;
}

// With the head come the tags: a purge of one of them between the question to the origin and this reader's coming was not known
// when it came. It then has to look again.
static FollowState head_or_purged(const Inside& in, const Entry& e, u32 joined) {
  const ShardGuard guard(in, in.shard_for(e.hash));
  return e.epoch < joined && in.is_outdated(e) ? FollowState::purged : FollowState::head;
}

FollowState Store::follow_state(Reader& reader) {
  const Inside in(*this);
  const Entry& e = in.entry(reader.ref_.index);
  for (bool is_armed = false;;) {
    switch (e.state.load(std::memory_order_seq_cst)) {
      case entry_filling:
        if (is_armed) return FollowState::waiting;
        in.arm(in.fill(reader.fill_), reader.worker_);
        is_armed = true;
        break;
      case entry_released:
        return FollowState::released;
      case entry_elsewhere:
        return FollowState::elsewhere;
      case entry_failed:
        return FollowState::failed;
      // The head came, what follows was cut off: the reader says `aborted`, as to everybody who had begun to read.
      case entry_truncated:
        return head_or_purged(in, e, reader.joined_);
      case entry_refreshed: {
        // On to the version that the 304 made; the record holds a pin of it as long as this reader holds the record.
        const Fill& f = in.fill(reader.fill_);
        const ObjectRef successor{f.successor, f.successor_generation};
        const u32 worker = reader.worker_;
        const u32 joined = reader.joined_;
        in.entry(successor.index).pins.fetch_add(1, std::memory_order_relaxed);
        in.count_pin(worker, 1);
        reader.close();
        in.attach(reader, this, worker, successor, 0);
        return head_or_purged(in, in.entry(successor.index), joined);
      }
      default:
        return head_or_purged(in, e, reader.joined_);
    }
  }
}

}  // namespace parapet::store
